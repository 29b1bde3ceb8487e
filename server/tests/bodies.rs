//! Bodies and routes, without a model: what is read of a request, and what is written of outputs.

mod zoo;

use std::sync::Arc;

use model_server::model::{Call, Outputs};
use model_server::rest::{Caller, PredictRequest, Refusal, Route, Service, unlimited};
use zoo::{floats, zoo};

fn read(body: &str) -> Result<PredictRequest, String> {
    PredictRequest::read(&zoo(), body.as_bytes(), Caller::Direct, unlimited)
        .map_err(|refusal| refusal.message.into_owned())
}

fn call(body: &str) -> Call {
    read(body).unwrap_or_else(|problem| panic!("{body}: {problem}")).call
}

fn answer(body: &str, columns: Vec<Vec<u8>>) -> String {
    let request = read(body).expect("the request is right");
    let outputs = Outputs { rows: request.call.rows, columns };
    String::from_utf8(request.answer(&zoo(), &outputs)).expect("JSON is text")
}

#[test]
fn every_form_of_a_request_makes_the_same_call() {
    let expected = Call { signature: 0, rows: 2, columns: vec![floats(&[1.0, 2.0, 3.0, 4.5])], ..Call::default() };
    for body in [
        r#"{"instances": [[1, 2], [3, 4.5]]}"#,
        r#"{"instances": [{"x": [1, 2]}, {"x": [3, 4.5]}]}"#,
        r#"{"inputs": [[1, 2], [3, 4.5]]}"#,
        r#" {"inputs": {"x": [[1.0, 2e0], [3, 45e-1]]}, "signature_name": "", "more": [{}]} "#,
        r#"{"signature_name": "pair", "instances": [[1, 2], [3, 4.5]]}"#,
    ] {
        assert_eq!(call(body), expected, "{body}");
    }
    let expected = Call { signature: 0, rows: 1, columns: vec![floats(&[1.0, 2.0])], ..Call::default() };
    assert_eq!(call(r#"{"data": [1, 2]}"#), expected);
    assert_eq!(call(r#"{"data": {"x": [1, 2]}}"#), expected);
}

#[test]
fn the_name_of_the_signature_may_stand_behind_the_values() {
    let named = call(r#"{"instances": [{"a": -128, "b": [true]}, {"b": [false], "a": 127}], "signature_name": "two"}"#);
    assert_eq!(named, Call { signature: 1, rows: 2, columns: vec![vec![0x80, 0x7F], vec![1, 0]], ..Call::default() });
}

#[test]
fn numbers_are_rounded_to_float32_through_float64() {
    let near_half = call(r#"{"data": [1.00000005960464477540, -0.0]}"#);
    assert_eq!(near_half.columns, [floats(&[1.0, -0.0])]);
    let special = call(r#"{"instances": [[NaN, Infinity], [-Infinity, 1e38]]}"#);
    let values: Vec<f32> = special.columns[0]
        .chunks_exact(4)
        .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
        .collect();
    assert!(values[0].is_nan());
    assert_eq!(values[1..], [f32::INFINITY, f32::NEG_INFINITY, 1e38]);
}

#[test]
fn a_number_that_no_float_holds_is_refused() {
    for (number, signature, kind) in [
        ("1e309", "pair", "float32, at most 3.4"),
        ("-1e400", "pair", "float32, at most 3.4"),
        ("1e309", "real", "float32, at most 3.4"),
        ("1e309", "whole", "float16, at most 65504.0"),
    ] {
        let (first, second) = if signature == "whole" {
            ("[1]".to_owned(), format!("[{number}]"))
        } else {
            ("1".to_owned(), number.to_owned())
        };
        let sentence =
            read(&format!(r#"{{"signature_name": "{signature}", "data": [{first}, {second}]}}"#)).unwrap_err();
        assert!(sentence.contains(&format!(": {number} is outside of {kind}")), "{sentence}");
    }
}

#[test]
fn integers_are_read_to_their_last_bit() {
    assert_eq!(call(r#"{"signature_name": "wide", "data": [18446744073709551615]}"#).columns, [[0xFF; 8]]);
    let sentence = read(r#"{"signature_name": "wide", "data": [18446744073709551616]}"#).unwrap_err();
    assert!(sentence.starts_with("data[0]: 18446744073709551616 is outside of uint64, 0 to 18446744073709551615"));
}

#[test]
fn real_values_are_stored_as_the_model_stores_them() {
    assert_eq!(call(r#"{"signature_name": "real", "data": [1.0, -1e30]}"#).columns, [[1, 0x80]]);
    let sentence = read(r#"{"signature_name": "real", "data": [NaN, 1]}"#).unwrap_err();
    assert!(sentence.starts_with("data[0]: NaN cannot be represented: the model stores this input as int8"));
}

#[test]
fn without_a_batch_a_value_is_the_tensor() {
    let expected = vec![vec![0x00, 0x3C, 0x00, 0xC0]]; // 1 and -2
    for body in [
        r#"{"signature_name": "whole", "data": [[1], [-2]]}"#,
        r#"{"signature_name": "whole", "inputs": {"x": [[1], [-2]]}}"#,
    ] {
        assert_eq!(call(body).columns, expected);
    }
    let sentence = read(r#"{"signature_name": "whole", "instances": [[1], [-2]]}"#).unwrap_err();
    assert!(sentence.contains("do not share a batch dimension"));
    let sentence = read(r#"{"signature_name": "whole", "data": [[1], [65520]]}"#).unwrap_err();
    assert!(sentence.starts_with("data[1][0]: 65520 is outside of float16, at most 65504.0"));
}

#[test]
fn what_is_not_json_or_not_unique_is_refused() {
    for (body, sentence) in [
        (r#"{"data": [1, 2]} x"#, "the event is not JSON: trailing characters at line 1 column 18"),
        (r#"{"data": [1, 2], "data": [1, 2]}"#, "the body names 'data' twice in one object"),
        (r#"{"data": [1, 2], "more": {"a": 1, "a": 1}}"#, "the body names 'a' twice in one object"),
        (r#"{"data": {"x": [1, 2], "x": [1, 2]}}"#, "the body names 'x' twice in one object"),
        (r#"{"data": [1, 2], "more": 1, "more": 2}"#, "the body names 'more' twice in one object"),
        (r#"{"data": [01, 2]}"#, "the event is not JSON: "),
        (r#"{"data": [1., 2]}"#, "the event is not JSON: "),
        (r#"{"data": [nan, 2]}"#, "the event is not JSON: "),
        ("", "the body is empty"),
    ] {
        let problem = read(body).unwrap_err();
        assert!(problem.starts_with(sentence), "{body}: {problem}");
    }
    let deep = format!("{{\"data\": {}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(read(&deep).unwrap_err(), "the event is nested too deeply");
}

#[test]
fn other_members_are_ignored_however_many_there_are() {
    let others: Vec<String> = (0..300_000).map(|index| format!("\"{index:x}\": 0")).collect();
    let body = format!("{{\"data\": [1, 2], {}}}", others.join(", "));
    assert_eq!(call(&body).columns, [floats(&[1.0, 2.0])]);
    let sentence = read(&body.replace("\"fff\"", "\"ffe\"")).unwrap_err();
    assert_eq!(sentence, "the body names 'ffe' twice in one object");
}

#[test]
fn a_list_of_another_length_is_named_before_what_is_in_it() {
    let sentence = read(r#"{"instances": [[1, "x", 3]]}"#).unwrap_err();
    assert_eq!(
        sentence,
        "instances[0]: a list of 3 stands where a list of 2 belongs; each instance is float32 of shape [2]"
    );
}

#[test]
fn answers_have_the_form_of_the_request() {
    let rows = || vec![floats(&[1.0, 0.1, f32::NAN, f32::NEG_INFINITY])];
    let body = "[[1, 2], [3, 4]]}";
    assert_eq!(answer(&format!("{{\"instances\": {body}"), rows()), r#"{"predictions":[[1.0,0.1],[NaN,-Infinity]]}"#);
    assert_eq!(answer(&format!("{{\"inputs\": {body}"), rows()), r#"{"outputs":[[1.0,0.1],[NaN,-Infinity]]}"#);
    let two = || vec![(-5_i64).to_le_bytes().to_vec(), vec![1]];
    assert_eq!(
        answer(r#"{"signature_name": "two", "instances": [{"a": 1, "b": [true]}]}"#, two()),
        r#"{"predictions":[{"p":-5,"q":true}]}"#
    );
    assert_eq!(
        answer(r#"{"signature_name": "two", "data": {"a": 1, "b": [true]}}"#, two()),
        r#"{"prediction":{"p":[-5],"q":[true]}}"#
    );
    let whole = vec![0.1_f64.to_le_bytes().to_vec()];
    assert_eq!(answer(r#"{"signature_name": "whole", "data": [[1], [2]]}"#, whole), r#"{"prediction":0.1}"#);
    let wide = vec![[1_u64, u64::MAX].iter().flat_map(|value| value.to_le_bytes()).collect(), floats(&[1.0, 2.0])];
    assert_eq!(
        answer(r#"{"signature_name": "wide", "instances": [5]}"#, wide),
        r#"{"predictions":[{"y":1,"z":[1.0]},{"y":18446744073709551615,"z":[2.0]}]}"#
    );
}

#[test]
fn the_classes_are_the_best_five_with_their_real_scores() {
    let scores = vec![vec![10, 14, 12, 12, 255, 11]];
    assert_eq!(
        answer(r#"{"signature_name": "real", "data": [1, 2]}"#, scores),
        concat!(
            r#"{"prediction":[[0.0,1.0,0.5,0.5,61.25,0.25]],"classes":[[{"label":"e","score":61.25},"#,
            r#"{"label":"b","score":1.0},{"label":"c","score":0.5},{"label":"d","score":0.5},"#,
            r#"{"label":"f","score":0.25}]]}"#
        )
    );
}

#[test]
fn routes_lead_to_the_model_or_say_what_is_there() {
    let service = Service::new(Arc::new(zoo()), "server");
    let route = |method: &str, path: &str| service.route(method, path);
    for path in ["/v1/models/zoo:predict", "/prod/v1/models/zoo/versions/07:predict", "/v1/models/z%6Fo%3Apredict"] {
        assert_eq!(route("POST", path), Ok(Route::Predict), "{path}");
    }
    assert!(matches!(route("GET", "/v1/models/zoo/metadata"), Ok(Route::Answer(_))));
    assert_eq!(route("GET", "/v1/models/zoo/versions/7/openapi.json"), Ok(Route::OpenApi));
    assert_eq!(route("GET", "/v1/models/zoo/explorer").unwrap_err().status, 404);
    let with_page = service.clone().with_explorer(true);
    assert_eq!(with_page.route("GET", "/prod/v1/models/zoo/explorer"), Ok(Route::Explorer));
    let refused = |method: &str, path: &str| match route(method, path) {
        Err(Refusal { status, message, allow }) => (status, message.into_owned(), allow),
        Ok(found) => panic!("{path}: {found:?}"),
    };
    assert_eq!(refused("GET", "/v1/models/zoo:predict").2, Some("POST"));
    assert_eq!(refused("POST", "/v1/models/other:predict").1, "unknown model 'other'; this server serves 'zoo'");
    assert_eq!(refused("GET", "/v1/models/zoo/versions/8").0, 404);
    assert_eq!(refused("GET", &format!("/v1/models/zoo/versions/{}", "9".repeat(5000))).0, 404);
    assert_eq!(refused("POST", "/v1/models/zoo:regress").0, 400);
}
