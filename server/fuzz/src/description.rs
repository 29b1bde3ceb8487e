//! model.json: it is refused in a sentence, or each of its signatures takes a request.

use std::sync::Arc;

use model_server::model::{Description, Kind, Signature, Tensor};
use model_server::rest::{Caller, PredictRequest, Route, Service, unlimited};
use serde_json::{Map, Value};

use super::{check_refusal, outputs, read_answer};

/// Most elements of one signature: a model can be larger than what is worth a request here.
const MOST_ELEMENTS: usize = 4096;
/// TensorFlow has no tensor of a higher rank, and JSON's readers stop at 200.
const HIGHEST_RANK: usize = 64;

/// Checks one input.
pub fn check(text: &[u8]) {
    let mut description = match Description::parse(text) {
        Ok(description) => description,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    "model".clone_into(&mut description.model);
    for (position, signature) in description.signatures.iter().enumerate() {
        // An empty name stands for the default signature.
        if !signature.name.is_empty() {
            assert_eq!(description.signature(&signature.name), Some(position));
            check_signature(&description, signature);
        }
    }
    let service = Service::new(Arc::new(description), "server");
    for path in ["/v1/models/model", "/v1/models/model/metadata"] {
        match service.route("GET", path) {
            Ok(Route::Answer(body)) => drop(read_answer(&body)),
            other => panic!("{path}: {other:?}"),
        }
    }
}

fn check_signature(description: &Description, signature: &Signature) {
    let tensors = || signature.inputs.iter().chain(&signature.outputs);
    let elements = tensors().try_fold(0_usize, |sum, tensor| sum.checked_add(tensor.count()));
    // All sizes must be numbers, however large.
    let bytes = tensors().map(|tensor| tensor.stored_bytes() as u128).sum::<u128>();
    assert!(bytes > 0);
    let ranks = tensors().map(|tensor| tensor.stored_shape.len());
    if elements.is_none_or(|elements| elements > MOST_ELEMENTS) || ranks.max() > Some(HIGHEST_RANK) {
        return;
    }
    let inputs = signature.inputs.iter().map(|tensor| {
        let item = nested(tensor, tensor.item_shape());
        let rows = if signature.batched { Value::from(vec![item.clone(), item]) } else { item };
        (tensor.name.clone(), rows)
    });
    let inputs = Value::Object(inputs.collect::<Map<_, _>>());
    let body = serde_json::json!({"signature_name": signature.name, "inputs": inputs}).to_string();
    match PredictRequest::read(description, body.as_bytes(), Caller::Http, unlimited) {
        Ok(request) => {
            assert_eq!(request.call.rows, if signature.batched { 2 } else { 1 });
            read_answer(&request.answer(description, &outputs(description, &request.call)));
        }
        // The steps are in a file that nobody reads here.
        Err(refusal) if signature.file_inputs.is_some() => check_refusal(&refusal),
        Err(refusal) => panic!("{body}: {refusal}"),
    }
}

fn nested(tensor: &Tensor, shape: &[usize]) -> Value {
    match (shape.split_first(), tensor.dtype.kind()) {
        (Some((&size, inner)), _) => vec![nested(tensor, inner); size].into(),
        (None, Kind::Float) => Value::from(1.5),
        (None, Kind::Integer) => Value::from(1),
        (None, Kind::Bool) => Value::from(true),
        (None, Kind::Text) => Value::from("text"),
    }
}
