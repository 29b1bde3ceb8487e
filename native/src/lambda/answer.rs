//! From an event to what the function returns, except for the model's run, which the caller brings.

use std::time::SystemTime;

use super::capture::Place;
use super::event::{Event, HttpEvent};
use super::response;
use crate::capture::Exchange;
use crate::model::{Call, Outputs, RunError};
use crate::rest::{Caller, PredictRequest, Refusal, Route, Service};

/// Why a request has no prediction.
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
            RunError::Fault(error) => Self::Failed(error.to_string()),
        }
    }
}

/// Answers an event of this source.
///
/// # Arguments
///
/// * `captured`: takes the bodies of a predict request, where it is to be captured.
/// * `run`: runs the model. It is called at most once.
pub(super) fn answer(
    service: &Service,
    source: &Event,
    event: &[u8],
    captured: Option<&mut Place>,
    run: impl FnOnce(&Call) -> Result<Outputs, RunError>,
) -> Result<Vec<u8>, Unanswered> {
    match source {
        Event::Http(http) => answer_http(service, http, captured, run),
        Event::Direct => Ok(response::direct(predict(service, event, Caller::Direct, captured, run)?)?),
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
    event: &HttpEvent,
    captured: Option<&mut Place>,
    run: impl FnOnce(&Call) -> Result<Outputs, RunError>,
) -> Result<Vec<u8>, Unanswered> {
    let Some((method, path)) = &event.request_line else {
        return Err(
            Refusal::bad_request("the event is no HTTP request of a Function URL, an HTTP API or a REST API").into()
        );
    };
    let body = match service.route(method, path)? {
        Route::Answer(body) => body,
        Route::Predict => predict(service, &event.body()?, Caller::Http, captured, run)?,
    };
    Ok(response::proxy(&body)?)
}

fn predict(
    service: &Service,
    body: &[u8],
    caller: Caller,
    captured: Option<&mut Place>,
    run: impl FnOnce(&Call) -> Result<Outputs, RunError>,
) -> Result<Vec<u8>, Unanswered> {
    let request = PredictRequest::read(&service.description, body, caller)?;
    let outputs = run(&request.call)?;
    let answer = request.answer(&service.description, &outputs);
    if let Some(captured) = captured {
        *captured = Some(Exchange::new(SystemTime::now(), request.call.signature, body, &answer));
    }
    Ok(answer)
}
