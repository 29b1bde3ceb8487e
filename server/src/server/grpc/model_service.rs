use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::proto::serving::model_service_server::ModelService;
use super::proto::serving::model_version_status::State as VersionState;
use super::proto::serving::{GetModelStatusRequest, GetModelStatusResponse, ModelVersionStatus, StatusProto};
use super::spec;
use crate::server::failure::Failure;
use crate::server::state::State;

/// `ModelService`.
pub(super) struct Models(pub Arc<State>);

#[tonic::async_trait]
impl ModelService for Models {
    async fn get_model_status(
        &self,
        request: Request<GetModelStatusRequest>,
    ) -> Result<Response<GetModelStatusResponse>, Status> {
        let spec = spec::required(request.get_ref().model_spec.as_ref())?;
        let versions = self.0.catalogue.versions(&spec.name, spec.choice()).map_err(Failure::from)?;
        let status = |version| ModelVersionStatus {
            version: version as i64,
            state: VersionState::Available.into(),
            status: Some(StatusProto::default()),
        };
        // TensorFlow Serving has the newest first.
        let model_version_status = versions.into_iter().rev().map(status).collect();
        Ok(Response::new(GetModelStatusResponse { model_version_status }))
    }
}
