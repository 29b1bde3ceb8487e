//! The REST port: what all its responses have, probes, metrics, and the way to the two protocols.

use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::{Method, Request, StatusCode};

use super::access::Access;
use super::cors::is_preflight;
use super::failure::Failure;
use super::inference;
use super::request_ids::RequestIds;
use super::response::{Response, failed, respond};
use super::state::State;
use super::tensorflow_serving;
use super::traces;
use crate::rest::Refusal;

/// Paths of the probes that Kubernetes' own components have, too.
const LIVENESS: &str = "/livez";
const READINESS: &str = "/readyz";

/// Answers one request of the REST port.
///
/// # Arguments
///
/// * `last`: its connection takes no further one.
/// * `only_probes`: its connection is one too many.
pub(super) async fn answer(state: &Arc<State>, request: Request<Incoming>, last: bool, only_probes: bool) -> Response {
    let mut ids = RequestIds::read(request.headers());
    let span = state.traces.as_ref().and_then(|traces| traces.rest(&request, &mut ids));
    let access = state.logs_access.then(|| Access::rest(&request, &ids));
    // Pages of other origins may not read the metrics.
    let cors = state.cors.as_ref().filter(|_| request.uri().path() != state.monitoring_path);
    let permission = cors.map(|cors| cors.permission(request.headers()));
    let preflight = permission.filter(|_| is_preflight(request.method(), request.headers()));
    let mut response = match preflight {
        Some(permission) => permission.preflight(),
        None => traces::within(span.as_ref(), pin!(respond_to(state, request, only_probes))).await,
    };
    if let Some(cause) = response.extensions().get() {
        ids.log(cause);
    }
    ids.add_to(response.headers_mut());
    if let Some(permission) = permission {
        permission.add_to(response.headers_mut());
    }
    if last || state.is_draining() {
        // The client's next request goes elsewhere.
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    if let Some(access) = access {
        access.answered(&response);
    }
    if let Some(span) = span {
        span.answered(response.status());
    }
    response
}

async fn respond_to(state: &Arc<State>, request: Request<Incoming>, only_probes: bool) -> Response {
    let start = Instant::now();
    let path = request.uri().path();
    match path {
        LIVENESS => health(request.method(), true),
        READINESS => health(request.method(), !state.is_draining()),
        _ if path == state.monitoring_path && request.method() == Method::GET => {
            respond(StatusCode::OK, "text/plain; version=0.0.4", state.page())
        }
        _ if inference::is_path(path) => inference::answer(state, request, start, only_probes).await,
        _ if only_probes => failed(&Failure::crowded()),
        _ => tensorflow_serving::answer(state, request, start).await,
    }
}

fn health(method: &Method, healthy: bool) -> Response {
    match (method, healthy) {
        (&Method::GET | &Method::HEAD, true) => respond(StatusCode::OK, "text/plain", b"ok\n".to_vec()),
        (&Method::GET | &Method::HEAD, false) => failed(&Failure::draining()),
        _ => failed(&Refusal::wrong_method(method.as_str(), "GET").into()),
    }
}
