//! The body of a predict request, by HTTP and by a direct invocation: it is refused in a sentence, or answered in JSON.

use jiter::JsonValue;
use model_server::rest::{Caller, PredictRequest, unlimited};

use super::{SERVICE, check_refusal, outputs, read_answer};

/// Checks one input.
pub fn check(body: &[u8]) {
    let description = &SERVICE.description;
    for caller in [Caller::Http, Caller::Direct] {
        match PredictRequest::read(description, body, caller, unlimited) {
            Ok(request) => {
                let text = body.strip_prefix("\u{feff}".as_bytes()).filter(|_| caller == Caller::Http).unwrap_or(body);
                assert!(JsonValue::parse(text, true).is_ok(), "only JSON is answered");
                let answer = request.answer(description, &outputs(description, &request.call));
                assert!(matches!(read_answer(&answer), JsonValue::Object(_)));
            }
            Err(refusal) => check_refusal(&refusal),
        }
    }
}
