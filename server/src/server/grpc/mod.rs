//! TensorFlow Serving's gRPC services, that of the Open Inference Protocol, and the standard ones for health and reflection.

mod compression;
mod contents;
mod deadline;
mod footprint;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod health;
mod inference;
mod lasting;
mod metadata;
mod model_service;
mod not_offered;
mod prediction;
mod reflection;
mod spec;
mod tensor;

use std::error::Error;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Frame, Incoming};
use hyper::header::HeaderMap;
use tonic::body::Body;
use tonic::{Code, Status};
use tower_service::Service;

use self::compression::{Compression, PREFIX_BYTES};
use self::deadline::{Received, deadline};
use self::health::Health;
use self::inference::Inference;
use self::lasting::lasts;
use self::model_service::Models;
use self::not_offered::not_offered;
use self::prediction::Prediction;
use self::proto::health::health_server::{HealthServer, SERVICE_NAME as HEALTH};
use self::proto::inference::grpc_inference_service_server::{GrpcInferenceServiceServer, SERVICE_NAME as INFERENCE};
use self::proto::serving::model_service_server::{ModelServiceServer, SERVICE_NAME as MODELS};
use self::proto::serving::prediction_service_server::{PredictionServiceServer, SERVICE_NAME as PREDICTION};
use self::reflection::Reflection;
use super::access::Access;
use super::body::collect;
use super::budget::{Share, Shared};
use super::failure::Failure;
use super::request_ids::RequestIds;
use super::state::State;
use super::streams::{BYTES_PER_LASTING_CALL, Streams, too_many};
use super::traces;
use super::unread::Unread;

/// The types that the build made of our .proto files.
#[allow(missing_docs, clippy::enum_variant_names, clippy::pedantic, unreachable_pub, reason = "generated code")]
mod proto {
    tonic::include_proto!("tensorflow");

    pub(super) mod health {
        tonic::include_proto!("grpc.health.v1");
    }

    pub(super) mod inference {
        tonic::include_proto!("inference");
    }

    pub(super) mod serving {
        tonic::include_proto!("tensorflow.serving");
    }
}

/// Memory of any other call besides its headers and its message, in bytes.
const BYTES_PER_CALL: usize = 10 << 10;
/// The longest request for the health, in bytes.
const HEALTH_REQUEST: usize = 1 << 10;

/// Tells whether tonic has refused a message, which it says by a sentence only.
fn is_undecodable(headers: &HeaderMap) -> bool {
    Status::from_header_map(headers)
        .is_some_and(|status| status.code() == Code::Internal && status.message().starts_with("failed to decode"))
}

/// All services of the gRPC port.
#[derive(Clone)]
pub(super) struct Grpc {
    prediction: PredictionServiceServer<Prediction>,
    models: ModelServiceServer<Models>,
    inference: GrpcInferenceServiceServer<Inference>,
    health: Health,
    reflection: Arc<Reflection>,
    state: Arc<State>,
}

impl Grpc {
    /// Makes the services of a server that is ready.
    pub(super) fn new(state: Arc<State>) -> Self {
        let limit = state.max_request_bytes;
        Self {
            prediction: PredictionServiceServer::new(Prediction(Arc::clone(&state))).max_decoding_message_size(limit),
            models: ModelServiceServer::new(Models(Arc::clone(&state))).max_decoding_message_size(limit),
            inference: GrpcInferenceServiceServer::new(Inference(Arc::clone(&state))).max_decoding_message_size(limit),
            health: Health::serving(),
            reflection: Arc::new(Reflection::new()),
            state,
        }
    }

    /// The state that all connections share.
    pub(super) fn state(&self) -> &State {
        &self.state
    }

    /// The health of this server.
    pub(super) fn health(&self) -> &Health {
        &self.health
    }

    /// Takes what a call needs before its message is read, whose headers are there.
    ///
    /// # Arguments
    ///
    /// * `streams`: of its connection.
    pub(super) fn admit(&self, request: &Request<Incoming>, streams: &Streams) -> Result<Share, Failure> {
        let mut names = request.uri().path().split('/').skip(1);
        let lasts = lasts(names.next().unwrap_or_default(), names.next().unwrap_or_default());
        let place = if lasts { Some(streams.place(&self.state.streams)?) } else { None };
        let memory = if lasts { BYTES_PER_LASTING_CALL } else { BYTES_PER_CALL };
        let share = self.state.budget.share(request.headers(), memory).map_err(|_| too_many())?;
        Ok(share.with(place))
    }

    /// Answers a call that was not admitted.
    pub(super) fn refuse(failure: Failure) -> Response<Body> {
        Status::from(failure).into_http()
    }

    /// Answers one request.
    ///
    /// # Arguments
    ///
    /// * `share`: of the memory, with which it was admitted.
    /// * `only_probes`: its connection is one too many.
    pub(super) async fn answer(
        &self,
        (request, share): (Request<Incoming>, Share),
        unread: Unread,
        only_probes: bool,
    ) -> Response<Body> {
        let mut ids = RequestIds::read(request.headers());
        let span = self.state.traces.as_ref().and_then(|traces| traces.grpc(&request, &mut ids));
        let mut access = self.state.logs_access.then(|| Access::grpc(&request, &ids));
        let answered = pin!(self.respond((request, share), unread, only_probes));
        let mut response = traces::within(span.as_ref(), answered).await;
        let status = response.extensions().get::<Status>();
        if let Some(cause) = status.and_then(|status| status.source()?.downcast_ref()) {
            ids.log(cause);
        }
        ids.add_to(response.headers_mut());
        if access.is_none() && span.is_none() {
            return response;
        }
        if let Some(access) = &mut access {
            access.ended(response.headers());
        }
        if let Some(span) = &span {
            span.ended(response.headers());
        }
        let passed = move |frame: Frame<Bytes>| {
            if let Some(access) = &mut access {
                access.passed(&frame);
            }
            if let (Some(span), Some(trailers)) = (&span, frame.trailers_ref()) {
                span.ended(trailers);
            }
            frame
        };
        response.map(|body| Body::new(body.map_frame(passed)))
    }

    /// Answers one request: none of it reaches a service before all of it is there, and has taken its memory.
    async fn respond(
        &self,
        (request, share): (Request<Incoming>, Share),
        unread: Unread,
        only_probes: bool,
    ) -> Response<Body> {
        let start = Instant::now();
        let (mut head, body) = request.into_parts();
        let mut names = head.uri.path().split('/').skip(1);
        let (service, method) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
        if let Some(message) = not_offered(service, method) {
            return Status::unimplemented(message).into_http();
        }
        let limit = match (service, method) {
            // What asks for no model.
            (HEALTH, _) | (INFERENCE, "ServerLive" | "ServerReady") => HEALTH_REQUEST,
            (PREDICTION | MODELS | INFERENCE | reflection::V1 | reflection::V1_ALPHA, _) if only_probes => {
                return Status::from(Failure::crowded()).into_http();
            }
            _ => self.state.max_request_bytes,
        };
        let deadline = deadline(&head.headers, start, self.state.timeout);
        if matches!(service, reflection::V1 | reflection::V1_ALPHA) {
            let response = self.reflection.answer(Request::from_parts(head, body), deadline).await;
            let share = Shared::new(share);
            let kept = move |data| unread.add(share.hold(data));
            return response.map(|body| Body::new(body.map_frame(move |frame| frame.map_data(&kept))));
        }
        let compression = match Compression::take(&mut head.headers) {
            Ok(compression) => compression,
            Err(failure) => {
                let mut response = Status::from(failure).into_http();
                response.headers_mut().insert("grpc-accept-encoding", compression::ACCEPTED);
                return response;
            }
        };
        let footprint = if service == INFERENCE { footprint::infer_request } else { footprint::request };
        let (message, share) = match Self::message(share, body, (limit, compression), deadline, footprint).await {
            Ok(received) => received,
            Err(failure) => return Status::from(failure).into_http(),
        };
        head.extensions.insert(Received { start, deadline, share: share.clone() });
        let request = Request::from_parts(head, Full::new(message));
        let answered = match request.uri().path().split('/').nth(1) {
            Some(PREDICTION) => self.prediction.clone().call(request).await,
            Some(MODELS) => self.models.clone().call(request).await,
            Some(INFERENCE) => self.inference.clone().call(request).await,
            _ => HealthServer::new(self.health.clone()).call(request).await,
        };
        let Ok(response) = answered;
        if is_undecodable(response.headers()) {
            self.state.metrics.undecodable.inc();
        }
        let kept = move |data| unread.add(share.hold(data));
        response.map(|body| Body::new(body.map_frame(move |frame| frame.map_data(&kept))))
    }

    /// Collects a message, and takes the memory for it, for tonic's copy, and for what it is decoded to.
    async fn message(
        mut share: Share,
        body: Incoming,
        (limit, compression): (usize, Compression),
        deadline: Instant,
        footprint: fn(&[u8]) -> usize,
    ) -> Result<(Bytes, Shared), Failure> {
        share.until(deadline);
        let message =
            collect(body, limit.saturating_add(PREFIX_BYTES), &mut share, deadline).await.map_err(|failure| {
                if failure.status == StatusCode::REQUEST_TIMEOUT { Failure::timed_out() } else { failure }
            })?;
        share.sent(message.len());
        let (message, mut share) = compression.plain(message, limit, share).await?;
        share.take(message.len() + footprint(message.get(PREFIX_BYTES..).unwrap_or_default()))?;
        Ok((message, Shared::new(share)))
    }
}
