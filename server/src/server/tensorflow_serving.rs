//! TensorFlow Serving's API over REST.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Method, Request, StatusCode};
use percent_encoding::percent_decode_str;

use super::body;
use super::budget::Share;
use super::catalogue::{Choice, Servable};
use super::failure::Failure;
use super::metrics::Entry;
use super::response::{Response, failed, json, respond};
use super::state::{State, compute, count};
use crate::model::{Call, Description, Outputs};
use crate::rest::{Caller, PredictRequest, Refusal, Route, base64, explorer, is_image, memory};

const MODELS: &str = "/v1/models/";

/// Answers a request.
pub(super) async fn answer(state: &Arc<State>, request: Request<Incoming>, start: Instant) -> Response {
    let (head, body) = request.into_parts();
    let deadline = start + state.timeout;
    let target = match Target::parse(state, head.uri.path()) {
        Ok(target) => target,
        Err(failure) => {
            body::discard(body, deadline).await;
            return failed(&failure);
        }
    };
    let servable = Arc::clone(target.servable);
    let (entry, result) = match servable.service.route_decoded(head.method.as_str(), &target.path) {
        Ok(Route::Predict) => {
            let result = predict(state, &servable, &head.headers, body, deadline).await;
            (Entry::RestPredict, result)
        }
        Ok(Route::Answer(_) | Route::OpenApi | Route::Explorer) if state.is_draining() => {
            // What probes and load balancers ask. Not counted: nobody is refused an answer.
            return failed(&Failure::draining());
        }
        Ok(Route::Explorer) => {
            body::discard(body, deadline).await;
            count(&servable, Entry::RestOther, start, &Ok(()));
            return explorer_page();
        }
        Ok(Route::Answer(answer)) => {
            body::discard(body, deadline).await;
            (Entry::RestOther, Ok(target.statuses().unwrap_or(answer).into()))
        }
        Ok(Route::OpenApi) => {
            body::discard(body, deadline).await;
            (Entry::RestOther, servable.openapi.clone().ok_or_else(|| servable.service.undescribed().into()))
        }
        Err(refusal) => {
            body::discard(body, deadline).await;
            let entry = if head.method == Method::POST { Entry::RestPredict } else { Entry::RestOther };
            (entry, Err(refusal.into()))
        }
    };
    count(&servable, entry, start, &result);
    json(result)
}

fn explorer_page() -> Response {
    let mut response = respond(StatusCode::OK, explorer::TYPE, explorer::PAGE);
    for (name, value) in explorer::HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn predict(
    state: &Arc<State>,
    servable: &Servable,
    headers: &HeaderMap,
    body: Incoming,
    deadline: Instant,
) -> Result<Bytes, Failure> {
    let (body, mut share) = body::read(state, headers, body, deadline).await?;
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_image = is_image(&servable.description, content_type);
    // What decoding images takes does not follow from the body's size: it is done by threads that have no connections.
    let size = body.size().filter(|_| !is_image && !body.may_hold_images(&servable.description));
    // What takes no time has nobody to look for.
    let _caller = size.is_none().then(|| share.caller());
    let (unsent, capture, most) = (body.unsent(), state.sample(), state.max_answer_bytes);
    let read = move |description: Arc<Description>| {
        let body = body.plain(&mut share)?;
        let PredictRequest { call, form } = read_body(&description, (&body, is_image), &mut share, most)?;
        let write = move |call: &Call, outputs: &Outputs| {
            let answer = form.answer(&description, call.signature, outputs);
            if let Some(capture) = capture {
                let sent = if is_image { base64::body(&body).into() } else { body.clone() };
                capture.keep(&description, call.signature, &sent, &answer);
            }
            drop(body);
            Ok(share.hold(answer))
        };
        Ok((call, write))
    };
    compute(state, servable, (Entry::RestPredict, size, unsent), deadline, read).await
}

fn read_body(
    description: &Description,
    (body, is_image): (&[u8], bool),
    share: &mut Share,
    most: usize,
) -> Result<PredictRequest, Failure> {
    let request = if is_image {
        share.take(body.len())?;
        PredictRequest::of_image(description, body, |need| share.take_in_time(need))?
    } else {
        share.take(memory::reading(description, body))?;
        PredictRequest::read(description, body, Caller::Http, |need| share.take_in_time(need))?
    };
    let signature = &description.signatures[request.call.signature];
    let (values, text) = memory::answering(description, signature, request.call.rows);
    if text > most {
        return Err(Failure::large_answer(text, most));
    }
    share.take(values + text)?;
    Ok(request)
}

/// The model and the version that a path names.
struct Target<'a> {
    servable: &'a Arc<Servable>,
    /// Path as the model's own service reads it: without a label.
    path: Cow<'a, str>,
    /// All versions of the model, where the path names none of them.
    versions: Vec<u64>,
}

impl<'a> Target<'a> {
    fn parse(state: &'a State, path: &'a str) -> Result<Self, Failure> {
        let decoded = percent_decode_str(path).decode_utf8_lossy();
        let Some(rest) = decoded.strip_prefix(MODELS) else {
            return Err(Refusal::not_found(
                "unknown path; this server answers POST /v1/models/NAME:predict, GET /v1/models/NAME, GET \
                 /v1/models/NAME/metadata, GET /v1/models/NAME/openapi.json, and the Open Inference Protocol below /v2",
            )
            .into());
        };
        let (name, rest) = rest.split_at(rest.find(['/', ':']).unwrap_or(rest.len()));
        let part = |kind: &str| {
            let value = rest.strip_prefix(kind)?;
            Some(value.split_at(value.find(['/', ':']).unwrap_or(value.len())))
        };
        if let Some((label, rest)) = part("/labels/") {
            let servable = state.catalogue.find(name, Choice::Label(label))?;
            let path = format!("{MODELS}{name}{rest}").into();
            return Ok(Self { servable, path, versions: Vec::new() });
        }
        let number = part("/versions/").and_then(|(version, _)| version.parse().ok());
        let choice = number.map_or(Choice::Default, Choice::Version);
        let servable = state.catalogue.find(name, choice)?;
        let versions = if rest.is_empty() { state.catalogue.versions(name, choice)? } else { Vec::new() };
        Ok(Self { servable, path: decoded, versions })
    }

    /// The state of all versions, where several are asked for.
    fn statuses(&self) -> Option<Vec<u8>> {
        if self.versions.len() < 2 {
            return None;
        }
        let of = |version: &u64| {
            serde_json::json!({
                "version": version.to_string(),
                "state": "AVAILABLE",
                "status": {"error_code": "OK", "error_message": ""},
            })
        };
        // TensorFlow Serving has the newest first.
        let statuses: Vec<_> = self.versions.iter().rev().map(of).collect();
        Some(serde_json::json!({ "model_version_status": statuses }).to_string().into_bytes())
    }
}
