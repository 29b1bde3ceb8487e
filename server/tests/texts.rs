//! Requests with strings, from their bodies to the numbers that the file takes, and to what is captured of them.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use model_server::inference::{InferRequest, metadata};
use model_server::model::{Call, Description, LoadError, Outputs};
use model_server::rest::{Caller, Need, PredictRequest, Refusal, Service, bodies, unlimited};
use ring::digest::{SHA256, digest};
use serde_json::{Value as Json, json};

/// A directory with a model's descriptions.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str, model: &Json, text: &Json) -> Self {
        let path = std::env::temp_dir().join(format!("texts-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        let text = text.to_string();
        let mut model = model.clone();
        model["text"] = json!({"file": "text.json", "sha256": sha256(text.as_bytes())});
        std::fs::write(path.join("text.json"), text).unwrap();
        std::fs::write(path.join("model.json"), model.to_string()).unwrap();
        Self(path)
    }

    fn description(&self) -> Result<Description, LoadError> {
        Description::read(&self.0)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

fn sha256(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(digest(&SHA256, bytes).as_ref())
}

/// A model of a text and a number: the file takes the lengths of the first three words, and the number.
fn documents() -> (Json, Json) {
    let tensor = |dtype: &str, shape: Json| json!({"dtype": dtype, "shape": shape});
    let stored = |dtype: &str, shape: &[i64]| {
        let whole: Vec<i64> = std::iter::once(-1).chain(shape[1..].iter().copied()).collect();
        json!({"dtype": dtype, "shape": whole, "tensor": {"dtype": dtype, "shape": shape}})
    };
    let model = json!({"schemaVersion": 1, "model": "m", "version": 1, "defaultSignature": "s", "signatures": {
        "s": {"batched": true,
            "inputs": {"text": tensor("string", json!([-1, 1]))},
            "fileInputs": {"lengths": stored("int32", &[1, 3])},
            "outputs": {"y": stored("float32", &[1, 1])}},
        "two": {"batched": true,
            "inputs": {"text": tensor("string", json!([-1])), "age": tensor("float32", json!([-1, 1]))},
            "fileInputs": {"age": stored("float32", &[1, 1]), "length": stored("int32", &[1])},
            "outputs": {"y": stored("float32", &[1, 1])}},
    }});
    let text = json!({"schemaVersion": 1, "tables": [], "signatures": {
        "s": {
            "inputs": [{"name": "text", "dtype": "string", "shape": [1, 1]}],
            // Cut or filled to three words.
            "constants": [
                {"dtype": "int64", "shape": [1], "values": [1]},
                {"dtype": "string", "shape": [], "values": [""]},
                {"dtype": "int64", "shape": [2], "values": [1, 3]},
                {"dtype": "int32", "shape": [], "values": [0]},
                {"dtype": "int64", "shape": [], "values": [0]},
            ],
            "steps": [
                {"operation": "Reshape", "inputs": [0, 1], "outputs": [6], "attributes": {}},
                {"operation": "StringSplitV2", "inputs": [6, 2], "outputs": [7, 8, 9], "attributes": {"maxsplit": -1}},
                {"operation": "StringLength", "inputs": [8], "outputs": [10], "attributes": {"unit": "UTF8_CHAR"}},
                {"operation": "Size", "inputs": [8], "outputs": [11], "attributes": {"out_type": "int64"}},
                {"operation": "Pack", "inputs": [5, 11], "outputs": [12], "attributes": {"axis": 0}},
                {"operation": "RaggedTensorToTensor", "inputs": [3, 10, 4, 12], "outputs": [13],
                    "attributes": {"row_partition_types": ["ROW_SPLITS"]}},
            ],
            "fed": [{"input": "lengths", "value": 13}]
        },
        "two": {
            "inputs": [{"name": "text", "dtype": "string", "shape": [1]}, {"name": "age", "dtype": "float32", "shape": [1, 1]}],
            "constants": [],
            "steps": [{"operation": "StringLength", "inputs": [0], "outputs": [2], "attributes": {"unit": "BYTE"}}],
            "fed": [{"input": "length", "value": 2}, {"input": "age", "value": 1}]
        },
    }});
    (model, text)
}

fn described(name: &str) -> Description {
    let (model, text) = documents();
    Directory::new(name, &model, &text).description().unwrap()
}

fn ints(values: &[i32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn predicted(description: &Description, body: &str) -> Result<Call, Refusal> {
    let request = PredictRequest::read(description, body.as_bytes(), Caller::Direct, unlimited)?;
    Ok(request.call)
}

#[test]
fn every_form_of_a_body_takes_strings() {
    let description = described("forms");
    let expected = [ints(&[1, 3, 0])];
    let base64 = "YSBiY2Q="; // "a bcd"
    for body in [
        r#"{"instances": [["a bcd"]]}"#.to_owned(),
        r#"{"instances": [{"text": ["a bcd"]}]}"#.to_owned(),
        r#"{"inputs": [["a bcd"]]}"#.to_owned(),
        r#"{"inputs": {"text": [["a bcd"]]}}"#.to_owned(),
        r#"{"data": ["a bcd"]}"#.to_owned(),
        r#"{"data": {"text": ["\u0061 bcd"]}}"#.to_owned(),
        format!(r#"{{"instances": [[{{"b64": "{base64}"}}]]}}"#),
    ] {
        assert_eq!(predicted(&description, &body).unwrap().columns, expected, "{body}");
    }
    let two = r#"{"signature_name": "two", "instances": [{"age": [7.5], "text": "äb"}, {"text": {"b64": "/w=="}, "age": [1]}]}"#;
    let call = predicted(&description, two).unwrap();
    assert_eq!(call.columns, [[7.5_f32.to_le_bytes(), 1_f32.to_le_bytes()].concat(), ints(&[3, 1])]);
}

#[test]
fn texts_of_a_batch_are_answered_as_alone() {
    let description = described("batch");
    let texts = ["", "one", "a bb ccc dddd", "日本 x"];
    let rows: Vec<Json> = texts.iter().map(|text| json!([text])).collect();
    let together = predicted(&description, &json!({"instances": rows}).to_string()).unwrap();
    let alone = rows
        .iter()
        .flat_map(|row| predicted(&description, &json!({"instances": [row]}).to_string()).unwrap().columns.remove(0));
    assert_eq!(together.columns, [alone.collect::<Vec<u8>>()]);
    assert_eq!(together.columns, [ints(&[0, 0, 0, 3, 0, 0, 1, 2, 3, 2, 1, 0])]);
}

#[test]
fn what_is_no_string_is_refused_with_its_place() {
    let description = described("refusals");
    for (body, sentence) in [
        (
            r#"{"instances": [["a"], [5]]}"#,
            "instances[1][0]: 5 stands where a string belongs; each instance is string of shape [1]",
        ),
        (r#"{"instances": ["a"]}"#, "instances[0]: the string \"a\" stands where a list of 1 belongs"),
        (r#"{"instances": [[{"b64": "?"}]]}"#, "bytes that are not valid base64 stand where a string belongs"),
        (r#"{"instances": [[null]]}"#, "null stands where a string belongs"),
    ] {
        let refusal = predicted(&description, body).unwrap_err();
        assert_eq!(refusal.status, 400);
        assert!(refusal.message.contains(sentence), "{body}: {}", refusal.message);
    }
}

#[test]
fn the_inference_protocol_takes_bytes_in_json_and_in_binary_form() {
    let description = described("inference");
    let read = |body: &[u8], length| {
        InferRequest::read(&description, Cow::Borrowed(body), length, unlimited).map(|request| request.call)
    };
    let json = br#"{"inputs": [{"name": "text", "shape": [2, 1], "datatype": "BYTES", "data": ["a bcd", "e"]}]}"#;
    let expected = [ints(&[1, 3, 0, 1, 0, 0])];
    assert_eq!(read(json, None).unwrap().columns, expected);
    let head = br#"{"inputs": [{"name": "text", "shape": [2, 1], "datatype": "BYTES", "parameters": {"binary_data_size": 14}}]}"#;
    let binary = b"\x05\0\0\0a bcd\x01\0\0\0e";
    assert_eq!(read(&[&head[..], binary].concat(), Some(head.len())).unwrap().columns, expected);
    let cut = b"\x06\0\0\0a bcd\x01\0\0\0e";
    let refusal = read(&[&head[..], cut].concat(), Some(head.len())).unwrap_err();
    assert!(
        refusal.message.contains("elements of BYTES, each with its length before it, where 2 are expected"),
        "{}",
        refusal.message
    );
    assert!(read(binary, Some(0)).unwrap_err().message.contains("send JSON"));
}

#[test]
fn metadata_shows_what_clients_send() {
    let description = described("metadata");
    let shown: Json = serde_json::from_slice(&metadata::model(&description, &[1])).unwrap();
    assert_eq!(shown["inputs"], json!([{"name": "text", "datatype": "BYTES", "shape": [-1, 1]}]));
    let service = Service::new(description.into(), "function");
    let route = format!("{:?}", service.route("GET", "/v1/models/m/metadata"));
    let model_server::rest::Route::Answer(answer) = service.route("GET", "/v1/models/m/metadata").unwrap() else {
        panic!("{route}")
    };
    let answer: Json = serde_json::from_slice(&answer).unwrap();
    assert_eq!(answer["metadata"]["signature_def"]["signature_def"]["s"]["inputs"]["text"]["dtype"], "DT_STRING");
}

#[test]
fn a_captured_request_has_its_strings() {
    let description = described("capture");
    let body = r#"{"signature_name": "two", "instances": [{"age": [7.5], "text": "ä\"b"}, {"text": {"b64": "/w=="}, "age": [1]}]}"#;
    let call = predicted(&description, body).unwrap();
    let outputs = Outputs { rows: 2, columns: vec![vec![0; 8]] };
    for call in [&call, &call.sent()] {
        let (request, _) = bodies(&description, call, &outputs);
        let expected = r#"{"signature_name":"two","inputs":{"age":[[7.5],[1.0]],"text":["ä\"b",{"b64":"/w=="}]}}"#;
        assert_eq!(std::str::from_utf8(&request).unwrap(), expected);
    }
}

#[test]
fn memory_for_steps_is_taken_before_it_is_used() {
    let description = described("memory");
    let body = json!({"instances": [["word ".repeat(100_000)]]}).to_string();
    let mut taken = 0;
    let take = |need: Need| -> Result<(), Refusal> {
        taken += need.bytes;
        if taken > 1 << 20 { Err(Refusal::too_large("no memory")) } else { Ok(()) }
    };
    let refusal = PredictRequest::read(&description, body.as_bytes(), Caller::Http, take).unwrap_err();
    assert_eq!((refusal.status, &*refusal.message), (413, "no memory"));
}

#[test]
fn documents_that_do_not_fit_each_other_are_refused() {
    let (model, text) = documents();
    let load = |name: &str, change: &dyn Fn(&mut Json, &mut Json)| {
        let (mut model, mut text) = (model.clone(), text.clone());
        change(&mut model, &mut text);
        Directory::new(name, &model, &text).description().unwrap_err().to_string()
    };
    let s = |document: &mut Json| document["signatures"]["s"].take();
    for (number, (change, sentence)) in [
        (
            &(|_: &mut Json, text: &mut Json| text["signatures"]["s"]["inputs"][0]["dtype"] = "int64".into())
                as &dyn Fn(&mut Json, &mut Json),
            "its input 'text' is none of the signature",
        ),
        (
            &|_, text| text["signatures"]["s"]["fed"][0]["input"] = "ids".into(),
            "'fed' does not have the inputs of the file",
        ),
        (&|_, text| text["signatures"]["other"] = s(text), "invalid type: null"),
        (
            &|model, _| {
                model["signatures"]["s"].as_object_mut().unwrap().remove("fileInputs");
            },
            "not static",
        ),
        (
            &|model, _| model["signatures"]["s"]["outputs"]["y"]["dtype"] = "string".into(),
            "cannot turn string into float32",
        ),
        (
            &|model, _| {
                model["signatures"]["s"]["inputs"]["text"]["tensor"] = json!({"dtype": "string", "shape": [1, 1]});
            },
            "cannot be in the file itself",
        ),
        (&|_, text| text["schemaVersion"] = 2.into(), "it has schema version 2, this program reads 1"),
        (&|_, text| text["more"] = 2.into(), "unknown field"),
    ]
    .into_iter()
    .enumerate()
    {
        let problem = load(&format!("wrong-{number}"), change);
        assert!(problem.contains(sentence), "{problem}: {sentence}");
    }
    let directory = Directory::new("damaged", &model, &text);
    std::fs::write(directory.0.join("text.json"), "{}").unwrap();
    let problem = directory.description().unwrap_err().to_string();
    assert!(problem.starts_with("text.json: it has the SHA-256"), "{problem}");
    assert!(Description::read(Path::new("/nowhere")).is_err());
}
