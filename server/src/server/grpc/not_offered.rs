use super::proto::health::health_server::SERVICE_NAME as HEALTH;
use super::proto::inference::grpc_inference_service_server::SERVICE_NAME as INFERENCE;
use super::proto::serving::model_service_server::SERVICE_NAME as MODELS;
use super::proto::serving::prediction_service_server::SERVICE_NAME as PREDICTION;
use super::reflection::{V1 as REFLECTION, V1_ALPHA};
use crate::rest::sentence::quoted;

/// Most characters to show of a name that a client sent.
const MOST_SHOWN: usize = 100;

/// Returns why a method is not offered; `None` where it is.
pub(super) fn not_offered(service: &str, method: &str) -> Option<String> {
    let known = match service {
        PREDICTION => "Predict and GetModelMetadata",
        MODELS => "GetModelStatus",
        HEALTH => "Check, List and Watch",
        REFLECTION | V1_ALPHA => "ServerReflectionInfo",
        INFERENCE => return extension(method),
        other => {
            let other = quoted(other, MOST_SHOWN);
            return Some(format!(
                "unknown service {other}; this server has {PREDICTION}, {MODELS}, {INFERENCE}, {HEALTH} and {REFLECTION}"
            ));
        }
    };
    Some(match (service, method) {
        (PREDICTION, "Predict" | "GetModelMetadata")
        | (MODELS, "GetModelStatus")
        | (HEALTH, "Check" | "List" | "Watch")
        | (REFLECTION | V1_ALPHA, "ServerReflectionInfo") => return None,
        (PREDICTION, "Classify" | "Regress" | "MultiInference") => {
            format!("{method}: not offered; LiteRT models take tensors, and no tf.Example: call Predict")
        }
        (MODELS, "HandleReloadConfigRequest") => {
            "reloading: not offered; a server serves the versions that it was started for".to_owned()
        }
        _ => format!("{}: not offered; {service} has {known} here", quoted(method, MOST_SHOWN)),
    })
}

fn extension(method: &str) -> Option<String> {
    let what = match method {
        "ServerLive" | "ServerReady" | "ModelReady" | "ServerMetadata" | "ModelMetadata" | "ModelInfer" => return None,
        "ModelStreamInfer" => "streams",
        "ModelStatistics" => "statistics",
        "ModelConfig" => "the model's configuration",
        "RepositoryIndex" | "RepositoryModelLoad" | "RepositoryModelUnload" => "the model repository",
        "TraceSetting" | "LogSettings" => "settings of traces and logs",
        other if other.contains("SharedMemory") => "shared memory",
        _ => "this method",
    };
    Some(format!("{what}: not offered; this server has the methods of the Open Inference Protocol, without extensions"))
}
