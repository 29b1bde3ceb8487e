//! State and metadata of a model, as TensorFlow Serving writes them.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::model::{Description, Signature, Tensor};

/// Returns the answer to `GET /v1/models/<name>`.
pub(super) fn status(description: &Description) -> Vec<u8> {
    text(&serde_json::json!({
        "model_version_status": [{
            "version": description.version.to_string(),
            "state": "AVAILABLE",
            "status": {"error_code": "OK", "error_message": ""},
        }]
    }))
}

/// Returns the answer to `GET /v1/models/<name>/metadata`.
pub(super) fn metadata(description: &Description) -> Vec<u8> {
    text(&Metadata {
        model_spec: ModelSpec {
            name: &description.model,
            signature_name: "",
            version: description.version.to_string(),
        },
        metadata: Known {
            signature_def: Of { signature_def: Signatures(&description.signatures) },
            batch: Batches(&description.signatures),
        },
    })
}

fn text(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("all keys are strings")
}

#[derive(Serialize)]
struct Metadata<'a> {
    model_spec: ModelSpec<'a>,
    metadata: Known<'a>,
}

#[derive(Serialize)]
struct ModelSpec<'a> {
    name: &'a str,
    signature_name: &'a str,
    version: String,
}

#[derive(Serialize)]
struct Known<'a> {
    signature_def: Of<Signatures<'a>>,
    /// Unknown to TensorFlow Serving.
    #[serde(skip_serializing_if = "Batches::is_empty")]
    batch: Batches<'a>,
}

/// Rows that one run computes, of the signatures of which that was measured.
struct Batches<'a>(&'a [Signature]);

impl Batches<'_> {
    fn is_empty(&self) -> bool {
        self.0.iter().all(|signature| signature.batch.is_none())
    }
}

impl Serialize for Batches<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().filter_map(|signature| Some((&signature.name, signature.batch.as_ref()?))))
    }
}

#[derive(Serialize)]
struct Of<T> {
    signature_def: T,
}

struct Signatures<'a>(&'a [Signature]);

impl Serialize for Signatures<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|signature| (&signature.name, SignatureDef(signature))))
    }
}

struct SignatureDef<'a>(&'a Signature);

impl Serialize for SignatureDef<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("inputs", &Tensors(&self.0.inputs))?;
        map.serialize_entry("outputs", &Tensors(&self.0.outputs))?;
        map.serialize_entry("method_name", &self.0.method_name)?;
        map.end()
    }
}

struct Tensors<'a>(&'a [Tensor]);

impl Serialize for Tensors<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|tensor| (&tensor.name, tensor_info(tensor))))
    }
}

fn tensor_info(tensor: &Tensor) -> serde_json::Value {
    let dimensions: Vec<_> =
        tensor.shape.iter().map(|size| serde_json::json!({"size": size.to_string(), "name": ""})).collect();
    serde_json::json!({
        "dtype": tensor.dtype.tensorflow(),
        // The name of a node in the SavedModel's graph, which a LiteRT file no longer has.
        "name": "",
        "tensor_shape": {"dim": dimensions, "unknown_rank": false},
    })
}
