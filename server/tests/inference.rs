//! Bodies of the Open Inference Protocol, without a model: what is read of a request, and what is written of outputs.

mod zoo;

use std::borrow::Cow;

use model_server::inference::{Answer, InferRequest, metadata};
use model_server::model::{Call, Outputs};
use model_server::rest::unlimited;
use zoo::{floats, zoo};

fn read(body: &[u8], json_length: Option<usize>) -> Result<InferRequest, String> {
    let found = InferRequest::read(&zoo(), Cow::Borrowed(body), json_length, unlimited);
    let owned = InferRequest::read(&zoo(), Cow::Owned(body.to_vec()), json_length, unlimited);
    assert_eq!(found, owned);
    found.map_err(|refusal| {
        assert_eq!(refusal.status, 400);
        refusal.message.into_owned()
    })
}

fn call(body: &str) -> Call {
    read(body.as_bytes(), None).unwrap_or_else(|problem| panic!("{body}: {problem}")).call
}

/// A body with JSON and what follows it.
fn binary(json: &str, tensors: &[u8]) -> Result<InferRequest, String> {
    read(&[json.as_bytes(), tensors].concat(), Some(json.len()))
}

fn answer(request: &InferRequest, columns: Vec<Vec<u8>>) -> Answer {
    request.form.answer(&zoo(), request.call.signature, &Outputs { rows: request.call.rows, columns })
}

fn input(members: &str) -> String {
    format!(r#"{{"inputs": [{{"name": "x", {members}}}]}}"#)
}

#[test]
fn values_come_in_one_list_or_nested_and_members_in_any_order() {
    let expected = Call { signature: 0, rows: 2, columns: vec![floats(&[1.0, 2.0, 3.0, 4.5])], ..Call::default() };
    for body in [
        input(r#""shape": [2, 2], "datatype": "FP32", "data": [1, 2, 3, 4.5]"#),
        input(r#""shape": [2, 2], "datatype": "FP32", "data": [[1, 2], [3, 4.5]]"#),
        input(r#""data": [1, 2.0, 3e0, 45e-1], "datatype": "FP32", "shape": [2, 2]"#),
        input(r#""data": [ [1, 2], [3, 4.5] ], "parameters": {}, "shape": [2, 2], "datatype": "FP32""#),
        input(r#""parameters": null, "more": [{}], "shape": [2, 2], "datatype": "FP32", "data": [1, 2, 3, 4.5]"#),
    ] {
        assert_eq!(call(&body), expected, "{body}");
    }
    let nan = call(&input(r#""shape": [1, 2], "datatype": "FP32", "data": [NaN, -Infinity]"#));
    assert_eq!(nan.columns[0][4..], f32::NEG_INFINITY.to_le_bytes());
}

#[test]
fn a_parameter_names_the_signature_wherever_it_stands() {
    let inputs = r#""inputs": [{"name": "b", "shape": [2, 1], "datatype": "BOOL", "data": [true, false]},
        {"name": "a", "shape": [2], "datatype": "INT8", "data": [-128, 127]}]"#;
    let expected = Call { signature: 1, rows: 2, columns: vec![vec![0x80, 0x7F], vec![1, 0]], ..Call::default() };
    let parameters = r#""parameters": {"signature_name": "two", "other": 1.5}"#;
    assert_eq!(call(&format!("{{{inputs}, {parameters}}}")), expected);
    assert_eq!(call(&format!("{{{parameters}, {inputs}}}")), expected);
    // Use inputs that would be right for the default signature, too.
    let same = r#""inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [0.5, -1]}]"#;
    let expected = Call { signature: 2, rows: 1, columns: vec![vec![0, 0xFD]], ..Call::default() };
    let parameters = r#""parameters": {"signature_name": "real"}"#;
    assert_eq!(call(&format!("{{{same}, {parameters}}}")), expected);
    assert_eq!(call(&format!("{{{parameters}, {same}}}")), expected);
    let whole = r#"{"parameters": {"signature_name": "whole"},
        "inputs": [{"name": "x", "shape": [2, 1], "datatype": "FP16", "data": [[1], [-2]]}]}"#;
    assert_eq!(call(whole), Call { signature: 3, rows: 1, columns: vec![vec![0, 0x3C, 0, 0xC0]], ..Call::default() });
}

#[test]
fn tensors_in_binary_form_follow_the_json_in_the_order_of_the_inputs() {
    let one = input(r#""shape": [1, 2], "datatype": "FP32", "parameters": {"binary_data_size": 8}"#);
    let found = binary(&one, &floats(&[1.0, f32::NAN])).expect("it is right");
    assert_eq!(found.call.columns, [floats(&[1.0, f32::NAN])]);
    let two = r#"{"parameters": {"signature_name": "two"}, "inputs": [
        {"name": "b", "shape": [2, 1], "datatype": "BOOL", "parameters": {"binary_data_size": 2}},
        {"name": "a", "shape": [2], "datatype": "INT8", "parameters": {"binary_data_size": 2}}]}"#;
    assert_eq!(binary(two, &[1, 0, 5, 6]).expect("it is right").call.columns, [vec![5, 6], vec![1, 0]]);
    let mixed = r#"{"parameters": {"signature_name": "two"}, "inputs": [
        {"name": "b", "shape": [2, 1], "datatype": "BOOL", "data": [false, true]},
        {"name": "a", "shape": [2], "datatype": "INT8", "parameters": {"binary_data_size": 2}}]}"#;
    assert_eq!(binary(mixed, &[5, 6]).expect("it is right").call.columns, [vec![5, 6], vec![0, 1]]);
    let real = r#"{"parameters": {"signature_name": "real"},
        "inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP32", "parameters": {"binary_data_size": 8}}]}"#;
    assert_eq!(binary(real, &floats(&[0.5, -1.0])).expect("it is right").call.columns, [vec![0, 0xFD]]);
}

#[test]
fn a_body_without_json_is_the_only_input_and_is_answered_in_binary_form() {
    let request = read(&floats(&[1.0, 2.0, 3.0, 4.0]), Some(0)).expect("it is right");
    assert_eq!(
        request.call,
        Call { signature: 0, rows: 2, columns: vec![floats(&[1.0, 2.0, 3.0, 4.0])], ..Call::default() }
    );
    let values = floats(&[5.0, 6.0, 7.0, 8.0]);
    let Answer { body, json_length } = answer(&request, vec![values.clone()]);
    assert_eq!(body[json_length.expect("tensors follow")..], values);
    for bytes in [&[][..], &[0; 7], &[0; 12]] {
        assert!(read(bytes, Some(0)).unwrap_err().contains("rows of 8 bytes of input 'x' are expected"));
    }
}

#[test]
fn an_answer_has_the_id_and_the_wanted_outputs_in_their_order() {
    let inputs = r#""inputs": [{"name": "a", "shape": [2], "datatype": "INT8", "data": [1, 2]},
        {"name": "b", "shape": [2, 1], "datatype": "BOOL", "data": [true, false]}]"#;
    let columns = || vec![[5_i64, -6].iter().flat_map(|value| value.to_le_bytes()).collect(), vec![1, 0]];
    let text = |more: &str| {
        let body = format!("{{{inputs}, {more}}}");
        let request = read(body.as_bytes(), None).unwrap_or_else(|problem| panic!("{body}: {problem}"));
        let answer = answer(&request, columns());
        (String::from_utf8_lossy(&answer.body).into_owned(), answer.json_length)
    };
    let parameters = r#""parameters": {"signature_name": "two""#;
    let head = r#"{"model_name":"zoo","model_version":"7""#;
    let (p, q) = (r#"{"name":"p","datatype":"INT64","shape":[2]"#, r#"{"name":"q","datatype":"BOOL","shape":[2]"#);
    assert_eq!(
        text(&format!(r#"{parameters}}}, "id": "4\"2", "outputs": []"#)),
        (format!(r#"{head},"id":"4\"2","outputs":[{p},"data":[5,-6]}},{q},"data":[true,false]}}]}}"#), None)
    );
    assert_eq!(
        text(&format!(r#"{parameters}}}, "id": null, "outputs": [{{"name": "q"}}]"#)),
        (format!(r#"{head},"outputs":[{q},"data":[true,false]}}]}}"#), None)
    );
    let json = format!(r#"{head},"outputs":[{q},"parameters":{{"binary_data_size":2}}}},{p},"data":[5,-6]}}]}}"#);
    let wanted = r#""outputs": [{"name": "q"}, {"name": "p", "parameters": {"binary_data": false}}]"#;
    assert_eq!(
        text(&format!(r#"{wanted}, {parameters}, "binary_data_output": true}}"#)),
        (format!("{json}\u{1}\0"), Some(json.len()))
    );
}

#[test]
fn a_request_that_the_model_cannot_answer_is_refused_in_a_sentence() {
    let data = r#""shape": [1, 2], "datatype": "FP32", "data": [1, 2]"#;
    let cases = [
        (String::new(), "the body is empty"),
        ("[]".to_owned(), "the request must be a JSON object"),
        ("{\"inputs\": [".to_owned(), "the body is not JSON"),
        (format!("{} x", input(data)), "the body is not JSON"),
        ("{}".to_owned(), "must have the list 'inputs'"),
        (r#"{"inputs": {}}"#.to_owned(), "'inputs' must be a list"),
        (r#"{"inputs": [5]}"#.to_owned(), "each of 'inputs' must be a JSON object"),
        (r#"{"inputs": []}"#.to_owned(), "missing input 'x'; the signature 'pair' takes 'x' (float32 [-1, 2])"),
        (r#"{"inputs": [{}]}"#.to_owned(), "must have a name"),
        (input(r#""shape": [1, 2], "data": [1, 2]"#), "input 'x' must have a datatype"),
        (input(r#""datatype": "FP32", "data": [1, 2]"#), "input 'x' must have a shape"),
        (input(r#""datatype": "FP32", "shape": [1, 2]"#), "neither 'data' nor binary_data_size"),
        (input(r#""shape": [1, 2], "datatype": "FP32", "data": 5"#), "the data of input 'x' must be a list"),
        (input(r#""shape": [1, 2], "datatype": "FP64", "data": [1, 2]"#), "the datatype 'FP64'; FP32 is expected"),
        (input(r#""shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]"#), "the shape [1, 3]; [-1, 2] is expected"),
        (input(r#""shape": [0, 2], "datatype": "FP32", "data": []"#), "with one row or more"),
        (input(r#""shape": [-1, 2], "datatype": "FP32", "data": []"#), "with one row or more"),
        (input(r#""shape": [1.5, 2], "datatype": "FP32", "data": []"#), "a list of whole numbers"),
        (
            input(r#""shape": [9223372036854775808, 2], "datatype": "FP32", "data": []"#),
            "of 64 bits: at most 9223372036854775807",
        ),
        (input(r#""shape": [9000000000000000000, 2], "datatype": "FP32", "data": []"#), "too large"),
        (input(r#""shape": [1000000000, 2], "datatype": "FP32", "data": [1, 2]"#), "fewer values than the 2000000000"),
        (input(r#""shape": [1, 2], "datatype": "FP32", "data": [1, 2, 3]"#), "a list of 3 stands where a list of 2"),
        (
            input(r#""shape": [2, 2], "datatype": "FP32", "data": [[1, 2], [3, "4"]]"#),
            "input 'x': data[1][1]: the string \"4\" stands where a number belongs; expected FP32 of shape [2, 2]",
        ),
        (input(r#""shape": [1, 2], "datatype": "FP32", "data": [1, 1e39]"#), "data[1]: 1e+39 is outside of float32"),
        (input(&format!("{data}, \"shape\": [1, 2]")), "names 'shape' twice"),
        (
            input(r#""shape": [1, 2], "datatype": "FP32", "parameters": {"binary_data_size": 8}"#),
            "lacks the header Inference-Header-Content-Length",
        ),
        (input(&format!(r#"{data}, "parameters": {{"shared_memory_region": "r"}}"#)), "shared memory"),
        (format!(r#"{{"inputs": [{{"name": "z", {data}}}]}}"#), "unknown input 'z'"),
        (format!(r#"{{"parameters": null, "inputs": [{{"name": "z", {data}}}]}}"#), "unknown input 'z'"),
        (format!(r#"{{"inputs": [{{"name": "x", {data}}}, {{"name": "x", {data}}}]}}"#), "input 'x' is there twice"),
        (format!(r#"{{"id": 5, "inputs": [{{"name": "x", {data}}}]}}"#), "the id must be a string"),
        (format!(r#"{{"outputs": [{{"name": "z"}}], "inputs": [{{"name": "x", {data}}}]}}"#), "unknown output 'z'"),
        (
            format!(r#"{{"outputs": [{{"name": "y"}}, {{"name": "y"}}], "inputs": [{{"name": "x", {data}}}]}}"#),
            "output 'y' is there twice",
        ),
        (
            format!(
                r#"{{"outputs": [{{"name": "y", "parameters": {{"classification": 3}}}}], "inputs": [{{"name": "x", {data}}}]}}"#
            ),
            "classification",
        ),
        (
            format!(r#"{{"parameters": {{"sequence_id": 5}}, "inputs": [{{"name": "x", {data}}}]}}"#),
            "sequences: this extension of the protocol is not offered",
        ),
        (
            format!(r#"{{"inputs": [{{"name": "x", {data}}}], "parameters": {{"signature_name": "no"}}}}"#),
            "unknown signature_name 'no'; this model has 'pair', 'two', 'real', 'whole'",
        ),
        (
            r#"{"parameters": {"signature_name": "two"}, "inputs": [
                {"name": "a", "shape": [2], "datatype": "INT8", "data": [1, 2]},
                {"name": "b", "shape": [1, 1], "datatype": "BOOL", "data": [true]}]}"#
                .to_owned(),
            "the inputs have different numbers of rows: 2, and 'b' 1",
        ),
    ];
    for (body, sentence) in cases {
        let problem = read(body.as_bytes(), None).expect_err(&body);
        assert!(problem.contains(sentence), "{body}: {problem}");
        assert!(!problem.contains('\n'), "{problem}");
    }
}

#[test]
fn tensors_in_binary_form_must_have_the_bytes_of_their_shape() {
    let sized = |size: &str| {
        input(&format!(r#""shape": [1, 2], "datatype": "FP32", "parameters": {{"binary_data_size": {size}}}"#))
    };
    let problem = |json: &str, tensors: &[u8]| binary(json, tensors).expect_err(json);
    assert!(problem(&sized("8"), &[0; 7]).contains("is 8 bytes together, but 7 bytes follow the JSON"));
    assert!(problem(&sized("4"), &[0; 4]).contains("a binary_data_size of 4; 2 values of FP32 have 8 bytes"));
    assert!(problem(&sized("-8"), &[0; 8]).contains("must be a number of bytes"));
    assert!(problem(&sized("8.0"), &[0; 8]).contains("must be a number of bytes"));
    assert!(problem(&input(r#""shape": [1, 2], "datatype": "FP32", "data": [1, 2]"#), &[0]).contains("1 bytes follow"));
    assert!(read(b"{}", Some(3)).expect_err("too long").contains("is 3, but the body has 2 bytes"));
    let flags = r#"{"parameters": {"signature_name": "two"}, "inputs": [
        {"name": "b", "shape": [1, 1], "datatype": "BOOL", "parameters": {"binary_data_size": 1}},
        {"name": "a", "shape": [1], "datatype": "INT8", "data": [1]}]}"#;
    assert!(problem(flags, &[2]).contains("input 'b': a byte is neither 0 nor 1"));
    let real = r#"{"parameters": {"signature_name": "real"},
        "inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP32", "parameters": {"binary_data_size": 8}}]}"#;
    assert!(problem(real, &floats(&[0.0, f32::NAN])).contains("input 'x' holds NaN"));
}

#[test]
fn metadata_has_the_default_signature() {
    let text = String::from_utf8(metadata::model(&zoo(), &[6, 7])).expect("JSON is text");
    assert_eq!(
        text,
        concat!(
            r#"{"name":"zoo","versions":["6","7"],"platform":"litert_tflite","#,
            r#""inputs":[{"name":"x","datatype":"FP32","shape":[-1,2]}],"#,
            r#""outputs":[{"name":"y","datatype":"FP32","shape":[-1,2]}]}"#
        )
    );
}
