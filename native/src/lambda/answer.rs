//! From an event to what the function returns, except for the model's run, which the caller brings.

use super::capture::Exchange;
use super::event::{Event, HttpEvent};
use super::response;
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
/// * `exchange`: takes the bodies of a predict request, where it is to be captured.
/// * `run`: runs the model. It is called at most once.
pub(super) fn answer(
    service: &Service,
    source: &Event,
    event: &[u8],
    exchange: Option<&mut Exchange>,
    run: impl FnOnce(&Call) -> Result<Outputs, RunError>,
) -> Result<Vec<u8>, Unanswered> {
    match source {
        Event::Http(http) => answer_http(service, http, exchange, run),
        Event::Direct => Ok(response::direct(predict(service, event, Caller::Direct, exchange, run)?)?),
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
    exchange: Option<&mut Exchange>,
    run: impl FnOnce(&Call) -> Result<Outputs, RunError>,
) -> Result<Vec<u8>, Unanswered> {
    let Some((method, path)) = &event.request_line else {
        return Err(
            Refusal::bad_request("the event is no HTTP request of a Function URL, an HTTP API or a REST API").into()
        );
    };
    let body = match service.route(method, path)? {
        Route::Answer(body) => body,
        Route::Predict => predict(service, &event.body()?, Caller::Http, exchange, run)?,
    };
    Ok(response::proxy(&body)?)
}

fn predict(
    service: &Service,
    body: &[u8],
    caller: Caller,
    exchange: Option<&mut Exchange>,
    run: impl FnOnce(&Call) -> Result<Outputs, RunError>,
) -> Result<Vec<u8>, Unanswered> {
    let request = PredictRequest::read(&service.description, body, caller)?;
    let outputs = run(&request.call)?;
    let answer = request.answer(&service.description, &outputs);
    if let Some(exchange) = exchange {
        exchange.keep(request.call.signature, body, &answer);
    }
    Ok(answer)
}
