//! The Open Inference Protocol over REST.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Request, StatusCode};
use percent_encoding::percent_decode_str;

use super::body;
use super::budget::Share;
use super::catalogue::{Choice, NotServed, Servable};
use super::failure::Failure;
use super::metrics::Entry;
use super::response::{Response, failed, json, respond};
use super::state::{State, compute, count};
use crate::inference::{self, Answer, HEADER, InferRequest, Part, Resource, memory, metadata};
use crate::model::{Call, Description, Outputs};

/// Tells whether a path is the protocol's.
pub(super) fn is_path(path: &str) -> bool {
    path.strip_prefix("/v2").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Answers a request.
///
/// # Arguments
///
/// * `only_probes`: its connection is one too many.
pub(super) async fn answer(
    state: &Arc<State>,
    request: Request<Incoming>,
    start: Instant,
    only_probes: bool,
) -> Response {
    let (head, body) = request.into_parts();
    let deadline = start + state.timeout;
    let path = percent_decode_str(head.uri.path()).decode_utf8_lossy();
    let resource = match Resource::parse(head.method.as_str(), &path, "server") {
        Ok(resource) => resource,
        Err(refusal) => {
            body::discard(body, deadline).await;
            return failed(&refusal.into());
        }
    };
    match resource {
        Resource::Live => json(Ok(metadata::live())),
        Resource::Ready if state.is_draining() => failed(&Failure::draining()),
        Resource::Ready => json(Ok(metadata::ready())),
        _ if only_probes => failed(&Failure::crowded()),
        Resource::Server => json(Ok(metadata::server())),
        Resource::Model { name, version, part } => {
            let servable = match find(state, name, version) {
                Ok(servable) => Arc::clone(servable),
                Err(failure) => {
                    body::discard(body, deadline).await;
                    return failed(&failure);
                }
            };
            match part {
                Part::Infer => infer(state, &servable, &head, body, start).await,
                Part::Metadata | Part::Ready if state.is_draining() => failed(&Failure::draining()),
                Part::Metadata | Part::Ready => {
                    body::discard(body, deadline).await;
                    let answer = describe(state, &servable, version, part);
                    count(&servable, Entry::RestOther, start, &answer);
                    json(answer)
                }
            }
        }
    }
}

/// Finds a version, as clients of the protocol name it; the newest where they name none.
pub(super) fn find<'s>(state: &'s State, name: &str, version: Option<&str>) -> Result<&'s Arc<Servable>, Failure> {
    let choice = match version.map(str::parse) {
        None => Choice::Default,
        Some(Ok(version)) => Choice::Version(version),
        Some(Err(_)) => {
            // An unknown model is reported before its version.
            let served = state.catalogue.versions(name, Choice::Default)?;
            return Err(NotServed::unnumbered(name, version.unwrap_or_default(), &served).into());
        }
    };
    Ok(state.catalogue.find(name, choice)?)
}

fn describe(state: &State, servable: &Servable, version: Option<&str>, part: Part) -> Result<Vec<u8>, Failure> {
    let description = &servable.description;
    if part == Part::Ready {
        return Ok(metadata::model_ready(description));
    }
    let versions = match version {
        Some(_) => vec![description.version],
        None => state.catalogue.versions(&description.model, Choice::Default)?,
    };
    Ok(metadata::model(description, &versions))
}

async fn infer(state: &Arc<State>, servable: &Servable, head: &Parts, body: Incoming, start: Instant) -> Response {
    let answered = predict(state, servable, &head.headers, body, start + state.timeout).await;
    count(servable, Entry::RestInfer, start, &answered);
    match answered {
        Err(failure) => failed(&failure),
        Ok(answer) => {
            let (content_type, json_length) = (answer.content_type(), answer.json_length);
            let mut response = respond(StatusCode::OK, content_type, answer.body);
            if let Some(length) = json_length {
                response.headers_mut().insert(HEADER, HeaderValue::from(length));
            }
            response
        }
    }
}

async fn predict(
    state: &Arc<State>,
    servable: &Servable,
    headers: &HeaderMap,
    body: Incoming,
    deadline: Instant,
) -> Result<Answer<Bytes>, Failure> {
    let (body, mut share) = body::read(state, headers, body, deadline).await?;
    let json_length = json_length(headers)?;
    let size = body.size().filter(|_| !body.may_hold_images(&servable.description));
    let _caller = size.is_none().then(|| share.caller());
    let (unsent, capture, most) = (body.unsent(), state.sample(), state.max_answer_bytes);
    let read = move |description: Arc<Description>| {
        let body = body.plain(&mut share)?;
        let InferRequest { call, form } = read_body(&description, body, json_length, &mut share, most)?;
        let write = move |call: &Call, outputs: &Outputs| {
            if let Some(capture) = capture {
                capture.keep_tensors(&description, call, outputs);
            }
            Ok(form.answer(&description, call.signature, outputs).map(|body| share.hold(body)))
        };
        Ok((call, write))
    };
    compute(state, servable, (Entry::RestInfer, size, unsent), deadline, read).await
}

fn json_length(headers: &HeaderMap) -> Result<Option<usize>, Failure> {
    let Some(value) = headers.get(HEADER) else { return Ok(None) };
    Ok(Some(inference::json_length(value.to_str().unwrap_or("?"))?))
}

fn read_body(
    description: &Description,
    body: Bytes,
    json_length: Option<usize>,
    share: &mut Share,
    most: usize,
) -> Result<InferRequest, Failure> {
    share.take(memory::reading(description, &body, json_length))?;
    let request = if json_length.is_some() {
        // Where nothing else has these bytes, none are copied.
        InferRequest::read(description, Cow::Owned(body.into()), json_length, |need| share.take_in_time(need))?
    } else {
        InferRequest::read(description, Cow::Borrowed(&body), json_length, |need| share.take_in_time(need))?
    };
    let (values, text) = memory::answering(description, &request);
    if text > most {
        return Err(Failure::large_answer(text, most));
    }
    share.take(values + text)?;
    Ok(request)
}
