//! Responses of a function to each source of events.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use serde::Serialize;

use super::event::LARGEST_BODY;
use crate::inference::Answer;
use crate::rest::{Refusal, explorer};

/// The most bytes of values that one letter of an answer stands for: an int64 takes a digit and a comma at least.
const BYTES_OF_A_LETTER: usize = 4;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProxyResponse<'a> {
    status_code: u16,
    headers: Headers<'a>,
    body: &'a str,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
struct Headers<'a> {
    #[serde(rename = "content-type")]
    content_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow: Option<&'a str>,
    #[serde(rename = "inference-header-content-length", skip_serializing_if = "Option::is_none")]
    json_length: Option<&'a str>,
    #[serde(flatten)]
    of_page: BTreeMap<&'static str, &'static str>,
}

impl Headers<'_> {
    fn of(content_type: &'static str) -> Self {
        Self { content_type, allow: None, json_length: None, of_page: BTreeMap::new() }
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
pub(super) fn proxy(body: &[u8]) -> Result<Vec<u8>, Refusal> {
    let response = response(200, None, body);
    if response.len() > LARGEST_BODY {
        return Err(too_large());
    }
    Ok(response)
}

/// Returns the proxy response of the page.
pub(super) fn page() -> Vec<u8> {
    write(&ProxyResponse {
        status_code: 200,
        headers: Headers { of_page: explorer::HEADERS.into(), ..Headers::of(explorer::TYPE) },
        body: explorer::PAGE,
        is_base64_encoded: false,
    })
}

/// Returns the proxy response of an answer of the Open Inference Protocol: with tensors in binary form it is base64.
pub(super) fn proxy_answer(answer: &Answer) -> Result<Vec<u8>, Refusal> {
    let Some(length) = answer.json_length else {
        return proxy(&answer.body);
    };
    let (length, body) = (length.to_string(), BASE64.encode(&answer.body));
    let response = write(&ProxyResponse {
        status_code: 200,
        headers: Headers { json_length: Some(&length), ..Headers::of(answer.content_type()) },
        body: &body,
        is_base64_encoded: true,
    });
    if response.len() > LARGEST_BODY { Err(too_large()) } else { Ok(response) }
}

/// Returns the proxy response to a request that cannot be answered.
pub(super) fn proxy_refusal(refusal: &Refusal) -> Vec<u8> {
    response(refusal.status, refusal.allow, &refusal.body())
}

/// Returns the proxy response for a fault of the function's own.
pub(super) fn proxy_fault(message: &str) -> Vec<u8> {
    response(500, None, serde_json::json!({"error": message}).to_string().as_bytes())
}

/// Returns the answer to a direct invocation.
pub(super) fn direct(body: Vec<u8>) -> Result<Vec<u8>, Refusal> {
    if body.len() > LARGEST_BODY { Err(too_large()) } else { Ok(body) }
}

fn response(status_code: u16, allow: Option<&str>, body: &[u8]) -> Vec<u8> {
    write(&ProxyResponse {
        status_code,
        headers: Headers { allow, ..Headers::of("application/json") },
        body: std::str::from_utf8(body).expect("JSON is text"),
        is_base64_encoded: false,
    })
}

fn write(response: &ProxyResponse<'_>) -> Vec<u8> {
    let mut text = Vec::with_capacity(response.body.len() + response.body.len() / 8 + 128);
    serde_json::to_writer(&mut text, response).expect("a Vec takes all that is written");
    text
}

fn too_large() -> Refusal {
    Refusal::too_large(format!(
        "the answer is larger than the {LARGEST_BODY} bytes that Lambda can return; send fewer rows"
    ))
}
