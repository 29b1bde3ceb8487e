//! The standard health service. tonic-health has no `List`.

use tokio::sync::watch::Sender;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::WatchStream;
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status};

use super::proto::health::health_check_response::ServingStatus;
use super::proto::health::health_server::Health as Service;
use super::proto::health::{HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse};
use super::proto::inference::grpc_inference_service_server::SERVICE_NAME as INFERENCE;
use super::proto::serving::model_service_server::SERVICE_NAME as MODELS;
use super::proto::serving::prediction_service_server::SERVICE_NAME as PREDICTION;

/// Names that the service knows: the whole server, and the services under TensorFlow Serving's and their own names.
const NAMES: [&str; 6] = ["", "PredictionService", "ModelService", PREDICTION, MODELS, INFERENCE];

/// The health of all services, which have the same; `None` once nobody may watch it any more.
#[derive(Clone)]
pub(in crate::server) struct Health(Sender<Option<ServingStatus>>);

impl Health {
    /// Makes the service of a server that is ready.
    pub(super) fn serving() -> Self {
        Self(Sender::new(Some(ServingStatus::Serving)))
    }

    /// Withdraws readiness.
    pub(in crate::server) fn withdraw(&self) {
        self.0.send_replace(Some(ServingStatus::NotServing));
    }

    /// Ends the calls of those who watch, which would otherwise never end.
    pub(in crate::server) fn end_watches(&self) {
        self.0.send_replace(None);
    }

    fn now(&self) -> HealthCheckResponse {
        answer(self.0.borrow().unwrap_or(ServingStatus::NotServing))
    }
}

#[tonic::async_trait]
impl Service for Health {
    type WatchStream = BoxStream<HealthCheckResponse>;

    async fn check(&self, request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        if is_known(&request) {
            Ok(Response::new(self.now()))
        } else {
            Err(Status::not_found("unknown service: List has the names of all, and the empty name is the whole server"))
        }
    }

    async fn list(&self, _: Request<HealthListRequest>) -> Result<Response<HealthListResponse>, Status> {
        let statuses = NAMES.iter().map(|&name| (name.to_owned(), self.now())).collect();
        Ok(Response::new(HealthListResponse { statuses }))
    }

    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let is_known = is_known(&request);
        let statuses = WatchStream::new(self.0.subscribe())
            .take_while(Option::is_some)
            .map(move |status| Ok(answer(status.filter(|_| is_known).unwrap_or(ServingStatus::ServiceUnknown))));
        Ok(Response::new(Box::pin(statuses)))
    }
}

fn is_known(request: &Request<HealthCheckRequest>) -> bool {
    NAMES.contains(&request.get_ref().service.as_str())
}

fn answer(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}
