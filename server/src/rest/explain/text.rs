use jiter::{JsonErrorType, JsonValue};

use crate::rest::refusal::{Refusal, refuse};
use crate::rest::request::Caller;
use crate::rest::sentence::printable;

/// Parses a body.
pub(super) fn parse(body: &[u8], caller: Caller) -> Result<JsonValue<'_>, Refusal> {
    if body.is_empty() {
        return refuse("the body is empty; a JSON object with 'instances' or 'inputs' is needed".to_owned());
    }
    JsonValue::parse(body, true).map_err(|error| {
        let what = if caller == Caller::Direct { "event" } else { "body" };
        Refusal::bad_request(match error.error_type {
            JsonErrorType::RecursionLimitExceeded => format!("the {what} is nested too deeply"),
            _ if std::str::from_utf8(body).is_err() => format!("the {what} is not UTF-8 text"),
            _ => format!("the {what} is not JSON: {}", printable(&error.description(body), 200)),
        })
    })
}
