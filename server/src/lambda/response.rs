//! Responses of a function to each source of events.

use std::iter::once;

use data_encoding::BASE64;
use serde::{Serialize, Serializer};

use super::event::{HttpEvent, LARGEST_BODY};
use crate::inference::Answer;
use crate::rest::{Refusal, explorer};

/// The most bytes of values that one letter of an answer stands for: an int64 takes a digit and a comma at least.
const BYTES_OF_A_LETTER: usize = 4;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProxyResponse<'a> {
    status_code: u16,
    headers: Headers<'a>,
    /// Headers in lists, which a load balancer that sent lists reads alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    multi_value_headers: Option<Lists<'a>>,
    body: &'a str,
    is_base64_encoded: bool,
}

#[derive(Clone, Copy)]
struct Headers<'a> {
    content_type: &'static str,
    others: &'a [(&'static str, &'a str)],
}

struct Lists<'a>(Headers<'a>);

impl<'a> Headers<'a> {
    fn pairs(self) -> impl Iterator<Item = (&'static str, &'a str)> {
        once(("content-type", self.content_type)).chain(self.others.iter().copied())
    }
}

impl Serialize for Headers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.pairs())
    }
}

impl Serialize for Lists<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.pairs().map(|(name, value)| (name, [value])))
    }
}

/// Refuses outputs that are too large for any answer, before they are computed: their memory could be more than there is.
///
/// # Arguments
///
/// * `bytes`: of their values.
pub(super) fn check_values(bytes: usize) -> Result<(), Refusal> {
    if bytes > LARGEST_BODY * BYTES_OF_A_LETTER { Err(too_large()) } else { Ok(()) }
}

/// Returns the proxy response of a body.
pub(super) fn proxy(event: &HttpEvent, body: &[u8]) -> Result<Vec<u8>, Refusal> {
    fitting(of_json(event, 200, &[], body))
}

/// Returns the proxy response of the page.
pub(super) fn page(event: &HttpEvent) -> Vec<u8> {
    write(event, 200, Headers { content_type: explorer::TYPE, others: &explorer::HEADERS }, (explorer::PAGE, false))
}

/// Returns the proxy response of an answer of the Open Inference Protocol: with tensors in binary form it is base64.
pub(super) fn proxy_answer(event: &HttpEvent, answer: &Answer) -> Result<Vec<u8>, Refusal> {
    let Some(length) = answer.json_length else {
        return proxy(event, &answer.body);
    };
    let (length, body) = (length.to_string(), BASE64.encode(&answer.body));
    let others = [("inference-header-content-length", &length[..])];
    let headers = Headers { content_type: answer.content_type(), others: &others };
    fitting(write(event, 200, headers, (&body, true)))
}

/// Returns the proxy response to a request that cannot be answered.
pub(super) fn proxy_refusal(event: &HttpEvent, refusal: &Refusal) -> Vec<u8> {
    let allow = refusal.allow.map(|method| ("allow", method));
    of_json(event, refusal.status, allow.as_slice(), &refusal.body())
}

/// Returns the proxy response for a failure of the function.
pub(super) fn proxy_fault(event: &HttpEvent, status: u16, message: &str) -> Vec<u8> {
    of_json(event, status, &[], serde_json::json!({"error": message}).to_string().as_bytes())
}

/// Returns the answer to a direct invocation.
pub(super) fn direct(body: Vec<u8>) -> Result<Vec<u8>, Refusal> {
    fitting(body)
}

fn of_json(event: &HttpEvent, status_code: u16, others: &[(&'static str, &str)], body: &[u8]) -> Vec<u8> {
    let body = std::str::from_utf8(body).expect("JSON is text");
    write(event, status_code, Headers { content_type: "application/json", others }, (body, false))
}

fn write(
    event: &HttpEvent,
    status_code: u16,
    headers: Headers<'_>,
    (body, is_base64_encoded): (&str, bool),
) -> Vec<u8> {
    let multi_value_headers = event.has_lists_only.then_some(Lists(headers));
    let response = ProxyResponse { status_code, headers, multi_value_headers, body, is_base64_encoded };
    let mut text = Vec::with_capacity(body.len() + body.len() / 8 + 128);
    serde_json::to_writer(&mut text, &response).expect("a Vec takes all that is written");
    text
}

fn fitting(answer: Vec<u8>) -> Result<Vec<u8>, Refusal> {
    if answer.len() > LARGEST_BODY { Err(too_large()) } else { Ok(answer) }
}

fn too_large() -> Refusal {
    Refusal::too_large(format!(
        "the answer is larger than the {LARGEST_BODY} bytes that Lambda can return; send fewer rows"
    ))
}
