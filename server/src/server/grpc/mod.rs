//! TensorFlow Serving's gRPC services and the standard health service.

mod deadline;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod metadata;
mod model_service;
mod prediction;
mod spec;
mod tensor;

use std::convert::Infallible;
use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;
use tonic::body::Body;
use tonic::codegen::BoxFuture;
use tonic::server::NamedService;
use tonic_health::ServingStatus;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};
use tower_service::Service;

use self::model_service::Models;
use self::prediction::Prediction;
use self::proto::serving::model_service_server::ModelServiceServer;
use self::proto::serving::prediction_service_server::PredictionServiceServer;
use super::state::State;

/// The types that the build made of our .proto files.
#[allow(missing_docs, clippy::pedantic, unreachable_pub)]
mod proto {
    tonic::include_proto!("tensorflow");

    pub(super) mod serving {
        tonic::include_proto!("tensorflow.serving");
    }
}

/// Names that the health service knows: the whole server, and the services under TensorFlow Serving's and their own names.
const HEALTH_NAMES: [&str; 5] = [
    "",
    "PredictionService",
    "ModelService",
    <PredictionServiceServer<Prediction> as NamedService>::NAME,
    <ModelServiceServer<Models> as NamedService>::NAME,
];

/// All services of the gRPC port.
#[derive(Clone)]
pub(super) struct Grpc {
    prediction: PredictionServiceServer<Prediction>,
    models: ModelServiceServer<Models>,
    health: HealthServer<HealthService>,
    reporter: HealthReporter,
    state: Arc<State>,
}

impl Grpc {
    /// Makes the services of a server that is ready.
    pub(super) async fn new(state: Arc<State>) -> Self {
        let limit = state.max_request_bytes;
        let reporter = HealthReporter::new();
        let grpc = Self {
            prediction: PredictionServiceServer::new(Prediction(Arc::clone(&state))).max_decoding_message_size(limit),
            models: ModelServiceServer::new(Models(Arc::clone(&state))).max_decoding_message_size(limit),
            health: HealthServer::new(HealthService::from_health_reporter(reporter.clone())),
            reporter,
            state,
        };
        grpc.report(ServingStatus::Serving).await;
        grpc
    }

    /// The state that all connections share.
    pub(super) fn state(&self) -> &State {
        &self.state
    }

    /// Withdraws readiness.
    pub(super) async fn drain(&self) {
        self.report(ServingStatus::NotServing).await;
    }

    /// Ends the calls of those who watch the health, which would otherwise never end.
    pub(super) async fn end_watches(&self) {
        let mut reporter = self.reporter.clone();
        for name in HEALTH_NAMES {
            reporter.clear_service_status(name).await;
        }
    }

    /// Answers one request.
    pub(super) fn answer(&self, request: Request<Incoming>) -> BoxFuture<Response<Body>, Infallible> {
        let service = request.uri().path().split('/').nth(1).unwrap_or_default();
        match service {
            <PredictionServiceServer<Prediction> as NamedService>::NAME => self.prediction.clone().call(request),
            <ModelServiceServer<Models> as NamedService>::NAME => self.models.clone().call(request),
            <HealthServer<HealthService> as NamedService>::NAME => self.health.clone().call(request),
            _ => Box::pin(async { Ok(tonic::Status::unimplemented("unknown service").into_http()) }),
        }
    }

    async fn report(&self, status: ServingStatus) {
        for name in HEALTH_NAMES {
            self.reporter.set_service_status(name, status).await;
        }
    }
}
