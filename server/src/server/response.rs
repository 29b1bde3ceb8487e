use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER};

use super::failure::Failure;

/// A response over REST.
pub(super) type Response = hyper::Response<Bytes>;

/// Returns the response of a JSON body, or of the reason why there is none.
pub(super) fn json(result: Result<impl Into<Bytes>, Failure>) -> Response {
    result.map_or_else(|failure| failed(&failure), |body| respond(StatusCode::OK, "application/json", body))
}

/// Returns the response to a request that is not answered.
pub(super) fn failed(failure: &Failure) -> Response {
    let body = serde_json::json!({ "error": failure.message }).to_string().into_bytes();
    let mut response = respond(failure.status, "application/json", body);
    if failure.status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    if let Some(allow) = failure.allow {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    }
    if let Some(cause) = &failure.cause {
        response.extensions_mut().insert(cause.clone());
    }
    response
}

/// Returns a response.
pub(super) fn respond(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
