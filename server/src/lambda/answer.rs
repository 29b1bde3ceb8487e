//! From an event to what the function returns, except for the model's run, which the caller brings.

use std::borrow::Cow;
use std::path::Path;
use std::time::SystemTime;

use percent_encoding::percent_decode_str;

use super::capture::Place;
use super::event::{Event, HttpEvent};
use super::response;
use crate::captured_request::Exchange;
use crate::environment::variable;
use crate::inference::{InferRequest, Part, Resource, find, json_length, metadata};
use crate::model::{Call, OPENAPI_FILE, Outputs, RunError, openapi};
use crate::rest::{Caller, PredictRequest, Refusal, Route, Service, base64, is_picture};

/// The reason why a request has no prediction.
pub(super) enum Unanswered {
    /// The client's fault.
    Refused(Refusal),
    /// The function's own.
    Failed(String),
}

impl From<Refusal> for Unanswered {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<RunError> for Unanswered {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Values => Self::Refused(Refusal::values()),
            RunError::Abandoned | RunError::Fault(_) => Self::Failed(error.to_string()),
        }
    }
}

/// Answers an event of this source.
///
/// # Arguments
///
/// * `directory`: of the model.
/// * `captured`: takes the bodies of a predict request, where it is to be captured.
/// * `run`: runs the model. It is called at most once.
pub(super) fn answer(
    service: &Service,
    directory: &Path,
    source: &Event,
    event: &[u8],
    captured: Option<&mut Place>,
    run: impl FnOnce(&Call) -> Result<Outputs, RunError>,
) -> Result<Vec<u8>, Unanswered> {
    match source {
        Event::Http(http) => answer_http(service, directory, http, captured, run),
        Event::Direct => {
            let request = PredictRequest::read(&service.description, event, Caller::Direct, memory())?;
            Ok(response::direct(predict(service, &request, || event.into(), captured, run)?)?)
        }
    }
}

/// Returns the answer to a request that is refused.
pub(super) fn refused(source: &Event, refusal: &Refusal) -> Vec<u8> {
    match source {
        Event::Http(_) => response::proxy_refusal(refusal),
        Event::Direct => refusal.body(),
    }
}

fn answer_http(
    service: &Service,
    directory: &Path,
    event: &HttpEvent,
    captured: Option<&mut Place>,
    run: impl FnOnce(&Call) -> Result<Outputs, RunError>,
) -> Result<Vec<u8>, Unanswered> {
    if event.is_no_text {
        return Err(Refusal::bad_request("the request has half a surrogate pair, which is no text").into());
    }
    let Some((method, path)) = &event.request_line else {
        return Err(
            Refusal::bad_request("the event is no HTTP request of a Function URL, an HTTP API or a REST API").into()
        );
    };
    let path = percent_decode_str(path).decode_utf8_lossy();
    if let Some(path) = find(&path) {
        return answer_protocol(service, Resource::parse(method, path, "function")?, event, captured, run);
    }
    let body = match service.route_decoded(method, &path)? {
        Route::Answer(body) => body,
        Route::OpenApi => match openapi(directory, &service.description.model) {
            Ok(Some(body)) => body,
            Ok(None) => return Err(service.undescribed().into()),
            Err(error) => return Err(Unanswered::Failed(format!("cannot read {OPENAPI_FILE}: {error}"))),
        },
        Route::Explorer => return Ok(response::page()),
        Route::Predict => predict_http(service, event, captured, run)?,
    };
    Ok(response::proxy(&body)?)
}

/// Answers a request of the Open Inference Protocol.
fn answer_protocol(
    service: &Service,
    resource: Resource<'_>,
    event: &HttpEvent,
    captured: Option<&mut Place>,
    run: impl FnOnce(&Call) -> Result<Outputs, RunError>,
) -> Result<Vec<u8>, Unanswered> {
    let description = &service.description;
    let body = match resource {
        Resource::Live => metadata::live(),
        Resource::Ready => metadata::ready(),
        Resource::Server => metadata::server(),
        Resource::Model { name, version, part } => {
            service.check_model(name)?;
            version.map_or(Ok(()), |version| service.check_version(version))?;
            match part {
                Part::Metadata => metadata::model(description, &[description.version]),
                Part::Ready => metadata::model_ready(description),
                Part::Infer => return infer(service, event, captured, run),
            }
        }
    };
    Ok(response::proxy(&body)?)
}

fn infer(
    service: &Service,
    event: &HttpEvent,
    captured: Option<&mut Place>,
    run: impl FnOnce(&Call) -> Result<Outputs, RunError>,
) -> Result<Vec<u8>, Unanswered> {
    let description = &service.description;
    let json_length = event.json_length.as_deref().map(json_length).transpose()?;
    let body = event.body()?;
    if event.is_text() && json_length.is_some_and(|length| length < body.len()) {
        return Err(Refusal::bad_request(
            "the body has tensors in binary form, but came as text, which changes them; let the API pass it as base64: a \
             REST API does so with binaryMediaTypes ['*/*']",
        )
        .into());
    }
    let request = InferRequest::read(description, body, json_length, memory())?;
    let signature = &description.signatures[request.call.signature];
    response::check_values(signature.output_bytes(request.call.rows))?;
    let outputs = run(&request.call)?;
    if let Some(captured) = captured {
        *captured = Some(Exchange::of_tensors(SystemTime::now(), description, &request.call, &outputs));
    }
    Ok(response::proxy_answer(&request.form.answer(description, request.call.signature, &outputs))?)
}

fn predict_http(
    service: &Service,
    event: &HttpEvent,
    captured: Option<&mut Place>,
    run: impl FnOnce(&Call) -> Result<Outputs, RunError>,
) -> Result<Vec<u8>, Unanswered> {
    let (description, body) = (&service.description, event.body()?);
    if !is_picture(description, event.content_type.as_deref().unwrap_or_default()) {
        let request = PredictRequest::read(description, &body, Caller::Http, memory())?;
        return predict(service, &request, || body, captured, run);
    }
    if event.is_text() {
        return Err(Refusal::bad_request(
            "the body is a picture, but came as text, which changes it; let the API pass it as base64: a REST API does so \
             with binaryMediaTypes ['image/*']",
        )
        .into());
    }
    let request = PredictRequest::of_picture(description, &body, memory())?;
    predict(service, &request, || base64::body(&body).into(), captured, run)
}

/// Takes the memory for pictures of a request, of which there is half of the function's.
fn memory() -> impl FnMut(usize) -> Result<(), Refusal> {
    let mut taken = 0_usize;
    move |bytes| {
        taken = taken.saturating_add(bytes);
        let limit = variable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").and_then(|mebibytes| mebibytes.parse::<usize>().ok());
        match limit.map(|mebibytes| mebibytes << 19).filter(|&limit| taken > limit) {
            None => Ok(()),
            Some(limit) => Err(Refusal::too_large(format!(
                "the pictures need {taken} bytes of memory, of which this function has {limit} for them; send fewer or \
                 smaller ones, or give the function more memory"
            ))),
        }
    }
}

fn predict<'b>(
    service: &Service,
    request: &PredictRequest,
    body: impl FnOnce() -> Cow<'b, [u8]>,
    captured: Option<&mut Place>,
    run: impl FnOnce(&Call) -> Result<Outputs, RunError>,
) -> Result<Vec<u8>, Unanswered> {
    let signature = &service.description.signatures[request.call.signature];
    response::check_values(signature.output_bytes(request.call.rows))?;
    let outputs = run(&request.call)?;
    let answer = request.answer(&service.description, &outputs);
    if let Some(captured) = captured {
        *captured = Some(Exchange::new(SystemTime::now(), request.call.signature, &body(), &answer));
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::Description;

    #[test]
    fn what_no_answer_can_hold_is_refused_before_it_is_computed() {
        let description =
            br#"{"schemaVersion": 1, "model": "m", "version": 1, "defaultSignature": "s", "signatures": {"s": {
            "batched": true,
            "inputs": {"x": {"dtype": "int8", "shape": [-1], "tensor": {"dtype": "int8", "shape": [1]}}},
            "outputs": {"y": {"dtype": "int64", "shape": [-1, 1000], "tensor": {"dtype": "int64", "shape": [1, 1000]}}}
        }}}"#;
        let service = Service::new(Arc::new(Description::parse(description).unwrap()), "function");
        // 3,145 rows have fewer values than 6 MiB hold, with a digit and a comma for each.
        for (rows, is_computed) in [(3_145, true), (3_146, false)] {
            let event = format!("{{\"inputs\": [{}0]}}", "0,".repeat(rows - 1));
            let mut ran = false;
            let answered = answer(&service, Path::new(""), &Event::Direct, event.as_bytes(), None, |call| {
                ran = true;
                Ok(Outputs { rows: call.rows, columns: vec![vec![0; call.rows * 8000]] })
            });
            let status = answered.err().map(|error| match error {
                Unanswered::Refused(refusal) => refusal.status,
                Unanswered::Failed(reason) => panic!("{reason}"),
            });
            assert_eq!((ran, status), (is_computed, Some(413)), "{rows}");
        }
    }
}
