//! An event of Lambda, whatever its source: a function URL, an HTTP API, a REST API or a direct invocation.

use jiter::JsonValue;
use model_server::lambda::fuzzing::answer_event;

use super::{SERVICE, check_sentence, member, outputs, read_answer};

/// Checks one input.
pub fn check(event: &[u8]) {
    let answer = answer_event(&SERVICE, event, |call| outputs(&SERVICE.description, call));
    let answer = read_answer(&answer);
    let Some(status) = member(&answer, "statusCode") else {
        return check_error(&answer);
    };
    let Some(JsonValue::Str(body)) = member(&answer, "body") else {
        panic!("a proxy response needs a body: {answer:?}");
    };
    if member(&answer, "isBase64Encoded") == Some(&JsonValue::Bool(true)) {
        // Tensors in binary form.
        return assert_eq!(status, &JsonValue::Int(200));
    }
    let body = read_answer(body.as_bytes());
    check_error(&body);
    let is_refused = member(&body, "error").is_some();
    let expected = if is_refused { [400, 404, 405, 413].as_slice() } else { &[200] };
    assert!(matches!(status, JsonValue::Int(status) if expected.contains(status)), "{answer:?}");
}

fn check_error(body: &JsonValue<'_>) {
    match member(body, "error") {
        Some(JsonValue::Str(message)) => check_sentence(message),
        Some(other) => panic!("no sentence: {other:?}"),
        None => assert!(matches!(body, JsonValue::Object(_))),
    }
}
