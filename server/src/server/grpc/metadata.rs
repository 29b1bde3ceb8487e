use prost::Message;

use super::proto::serving::SignatureDefMap;
use super::proto::tensor_shape_proto::Dim;
use super::proto::{SignatureDef, TensorInfo, TensorShapeProto};
use super::tensor::data_type;
use crate::model::{Description, Signature, Tensor};

/// The only field of metadata that there is.
pub(super) const FIELD: &str = "signature_def";

/// The signatures of a model as TensorFlow Serving's metadata has them.
pub(super) fn signatures(description: &Description) -> prost_types::Any {
    let signature_def =
        description.signatures.iter().map(|signature| (signature.name.clone(), definition(signature))).collect();
    prost_types::Any {
        type_url: "type.googleapis.com/tensorflow.serving.SignatureDefMap".to_owned(),
        value: SignatureDefMap { signature_def }.encode_to_vec(),
    }
}

fn definition(signature: &Signature) -> SignatureDef {
    let infos = |tensors: &[Tensor]| tensors.iter().map(|tensor| (tensor.name.clone(), info(tensor))).collect();
    SignatureDef {
        inputs: infos(&signature.inputs),
        outputs: infos(&signature.outputs),
        method_name: signature.method_name.clone(),
    }
}

fn info(tensor: &Tensor) -> TensorInfo {
    let dim = tensor.shape.iter().map(|&size| Dim { size, name: String::new() }).collect();
    TensorInfo {
        // Leave out the name of a node in the SavedModel's graph, which a LiteRT file no longer has.
        name: String::new(),
        dtype: data_type(tensor.dtype),
        tensor_shape: Some(TensorShapeProto { dim, unknown_rank: false }),
    }
}
