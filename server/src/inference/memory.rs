//! The memory that an inference request can take, known before it is taken.

use super::request::InferRequest;
use crate::model::{Description, Signature, Tensor};
use crate::rest::memory::{self, digits, string};

/// Bytes of an answer's own members, and of each output's, besides names and values.
const MEMBERS_BYTES: usize = 128;
/// Most bytes of a number with its comma.
const NUMBER_BYTES: usize = 21;

/// Returns the bytes of memory that reading a body can take, besides itself.
///
/// # Arguments
///
/// * `json_length`: as [`InferRequest::read`] takes it.
#[must_use]
pub fn reading(description: &Description, body: &[u8], json_length: Option<usize>) -> usize {
    let (json, binary) = body.split_at(json_length.unwrap_or(body.len()).min(body.len()));
    // Tensors in binary form are copied, and may become those that the model stores.
    let inputs = description.signatures.iter().flat_map(|signature| &signature.inputs);
    let factor = |tensor: &Tensor| {
        let stored = tensor.stored.size().div_ceil(tensor.dtype.size());
        // An image is copied, with what is known of it.
        let images = usize::from(tensor.image.is_some());
        1 + images + if tensor.quantization.is_some() { stored } else { 0 }
    };
    memory::reading(description, json) + binary.len() * inputs.map(factor).max().unwrap_or(1)
}

/// Returns the bytes of memory that the outputs of a request take, and the most that its answer can have.
#[must_use]
pub fn answering(description: &Description, request: &InferRequest) -> (usize, usize) {
    let signature = &description.signatures[request.call.signature];
    let rows = request.call.rows;
    let id = request.form.id.as_ref().map_or(0, |id| string(id));
    let head = MEMBERS_BYTES + string(&description.model) + id;
    let body = request.form.outputs.iter().map(|&(position, is_binary)| {
        let tensor = &signature.outputs[position];
        let value = if is_binary { tensor.dtype.size() } else { digits(tensor.dtype) + 1 };
        let head = MEMBERS_BYTES + string(&tensor.name) + NUMBER_BYTES * tensor.shape.len();
        tensor.count().saturating_mul(value).saturating_mul(rows).saturating_add(head)
    });
    (values(signature, rows), body.fold(head, usize::saturating_add))
}

fn values(signature: &Signature, rows: usize) -> usize {
    let of = |tensor: &Tensor| {
        let real = if tensor.quantization.is_some() { tensor.dtype.size() } else { 0 };
        tensor.count().saturating_mul(tensor.stored.size() + real)
    };
    signature.outputs.iter().map(of).fold(0, usize::saturating_add).saturating_mul(rows)
}
