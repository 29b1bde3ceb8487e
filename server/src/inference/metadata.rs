//! Metadata of a server and its models.

use serde::Serialize;

use crate::model::{Description, Signature, Tensor};

/// Name of the server.
pub const NAME: &str = "cdk-tensorflow";
/// Version of this program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Extensions of the protocol that the server offers, by Triton's names.
pub const EXTENSIONS: [&str; 1] = ["binary_tensor_data"];
/// The protocol's own list of platforms has none for LiteRT.
pub const PLATFORM: &str = "litert_tflite";

/// Returns the answer to `GET /v2/health/live`.
#[must_use]
pub fn live() -> Vec<u8> {
    b"{\"live\":true}".to_vec()
}

/// Returns the answer to `GET /v2/health/ready`: the specification names it `live`, its clients read `ready`.
#[must_use]
pub fn ready() -> Vec<u8> {
    b"{\"live\":true,\"ready\":true}".to_vec()
}

/// Returns the answer to `GET /v2`.
#[must_use]
pub fn server() -> Vec<u8> {
    text(&Server { name: NAME, version: VERSION, extensions: EXTENSIONS })
}

/// Returns the answer to `GET /v2/models/<name>/ready`.
#[must_use]
pub fn model_ready(description: &Description) -> Vec<u8> {
    text(&Ready { name: &description.model, ready: true })
}

/// Returns the answer to `GET /v2/models/<name>`.
///
/// # Arguments
///
/// * `versions`: those that a client can ask for.
#[must_use]
pub fn model(description: &Description, versions: &[u64]) -> Vec<u8> {
    let signature = default_signature(description);
    text(&Model {
        name: &description.model,
        versions: versions.iter().map(u64::to_string).collect(),
        platform: PLATFORM,
        inputs: signature.inputs.iter().map(TensorMetadata::of).collect(),
        outputs: signature.outputs.iter().map(TensorMetadata::of).collect(),
    })
}

/// The signature that answers where a request names none.
#[must_use]
pub fn default_signature(description: &Description) -> &Signature {
    &description.signatures[description.signature("").unwrap_or(0)]
}

fn text(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("all keys are strings")
}

#[derive(Serialize)]
struct Server {
    name: &'static str,
    version: &'static str,
    extensions: [&'static str; EXTENSIONS.len()],
}

#[derive(Serialize)]
struct Ready<'a> {
    name: &'a str,
    ready: bool,
}

#[derive(Serialize)]
struct Model<'a> {
    name: &'a str,
    versions: Vec<String>,
    platform: &'static str,
    inputs: Vec<TensorMetadata<'a>>,
    outputs: Vec<TensorMetadata<'a>>,
}

#[derive(Serialize)]
struct TensorMetadata<'a> {
    name: &'a str,
    datatype: &'static str,
    shape: &'a [i64],
}

impl<'a> TensorMetadata<'a> {
    fn of(tensor: &'a Tensor) -> Self {
        Self { name: &tensor.name, datatype: tensor.dtype.inference(), shape: &tensor.shape }
    }
}
