//! The part of gRPC that `server/fuzz` reaches, with outputs instead of a model. No program has it.

use hyper::header::HeaderMap;
use prost::Message;

use super::proto::TensorProto;
use super::proto::inference::{ModelInferRequest, ModelInferResponse};
use super::proto::serving::{PredictRequest, PredictResponse};
use super::{inference, prediction};
use crate::model::{Call, Description, Outputs};
use crate::server::budget::{Budget, Shared};
use crate::server::failure::Failure;

/// The memory for a message and its answer, in bytes.
const MEMORY_BYTES: usize = 1 << 30;

/// A response to a client.
#[derive(Debug)]
pub enum Answer {
    /// Reason why there is no prediction, with a code that says that the fault is the request's.
    Refused(String),
    /// The names of the outputs, the sizes of their dimensions, and how many values they have.
    Predicted(Vec<(String, Vec<i64>, usize)>),
}

/// Answers a `PredictRequest`, with the outputs of `run` for the model's. `None`: it is no such message.
///
/// # Panics
///
/// The client's fault is called the server's, or the answer cannot be read again.
pub fn answer_message(description: &Description, message: &[u8], run: impl FnOnce(&Call) -> Outputs) -> Option<Answer> {
    let request = PredictRequest::decode(message).ok()?;
    let answered = prediction::answer(description, &request, &share(), MEMORY_BYTES, |call| Ok(run(call)));
    Some(answered.map_or_else(refused, |response| Answer::Predicted(read(&response.encode_to_vec()))))
}

/// Answers a `ModelInferRequest`, with the outputs of `run` for the model's. `None`: it is no such message.
///
/// # Panics
///
/// The client's fault is called the server's, or the answer cannot be read again.
pub fn answer_inference(
    description: &Description,
    message: &[u8],
    run: impl FnOnce(&Call) -> Outputs,
) -> Option<Answer> {
    let request = ModelInferRequest::decode(message).ok()?;
    let answered = inference::answer(description, request, &share(), MEMORY_BYTES, |call| Ok(run(call)));
    Some(answered.map_or_else(refused, |response| {
        let response = ModelInferResponse::decode(&*response.encode_to_vec()).expect("it was written a moment ago");
        let mut raw = response.raw_output_contents.into_iter();
        let outputs = response.outputs.into_iter().map(|output| {
            let tensors = description.signatures.iter().flat_map(|signature| &signature.outputs);
            let dtype = tensors.map(|tensor| tensor.dtype).find(|dtype| dtype.inference() == output.datatype);
            let dtype = dtype.expect("an output of the model");
            let values = raw.next().expect("as many as outputs").len() / dtype.size();
            (output.name, output.shape, values)
        });
        Answer::Predicted(outputs.collect())
    }))
}

fn share() -> Shared {
    Shared::new(Budget::new(MEMORY_BYTES).share(&HeaderMap::new(), 0).expect("nothing is taken of it"))
}

fn refused(failure: Failure) -> Answer {
    assert!(matches!(failure.status.as_u16(), 400 | 413), "{failure:?}");
    Answer::Refused(failure.message.into_owned())
}

fn read(response: &[u8]) -> Vec<(String, Vec<i64>, usize)> {
    let response = PredictResponse::decode(response).expect("it was written a moment ago");
    let output = |(name, tensor): (String, TensorProto)| {
        let shape = tensor.tensor_shape.iter().flat_map(|shape| &shape.dim).map(|dim| dim.size).collect();
        (name, shape, values(&tensor))
    };
    response.outputs.into_iter().map(output).collect()
}

fn values(tensor: &TensorProto) -> usize {
    tensor.float_val.len()
        + tensor.double_val.len()
        + tensor.half_val.len()
        + tensor.int_val.len()
        + tensor.int64_val.len()
        + tensor.uint32_val.len()
        + tensor.uint64_val.len()
        + tensor.bool_val.len()
}
