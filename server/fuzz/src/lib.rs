//! Checks of the fuzz targets, and what they share: a described model without a file, outputs in place of its runs, and
//! what every answer must be. The tests of the native runtime replay the corpus by it, too.

pub mod body;
pub mod description;
pub mod event;
pub mod grpc;
pub mod image;
pub mod inference;
pub mod path;
pub mod text;

use std::sync::{Arc, LazyLock};

use jiter::JsonValue;
use model_server::model::{Call, Description, Outputs};
use model_server::rest::{Refusal, Service};

/// Longer than any sentence about the models here, and far shorter than a request can be.
const LONGEST_SENTENCE: usize = 4000;

/// The contract's model, with quantized tensors and labels besides.
pub static SERVICE: LazyLock<Service> = LazyLock::new(|| {
    let text = include_bytes!("../corpus/description/zoo.json");
    Service::new(Arc::new(Description::parse(text).expect("the description is right")), "function")
});

/// Makes outputs of the right size for a call, from the bytes of its inputs.
pub fn outputs(description: &Description, call: &Call) -> Outputs {
    let signature = &description.signatures[call.signature];
    assert_eq!(signature.inputs.len(), call.columns.len());
    for (tensor, column) in signature.inputs.iter().zip(&call.columns) {
        assert_eq!(tensor.stored_bytes() * call.rows, column.len(), "input '{}'", tensor.name);
    }
    let bytes: Vec<u8> = call.columns.concat();
    let output = |size: usize| bytes.iter().copied().cycle().take(size).collect();
    let columns = signature.outputs.iter().map(|tensor| output(tensor.stored_bytes() * call.rows)).collect();
    Outputs { rows: call.rows, columns }
}

/// Reads an answer, which must be JSON (with NaN and the infinities, as TensorFlow Serving writes them).
pub fn read_answer(answer: &[u8]) -> JsonValue<'_> {
    match JsonValue::parse(answer, true) {
        Ok(value) => value,
        Err(error) => panic!("{error}: {}", String::from_utf8_lossy(answer)),
    }
}

/// Checks that a refusal is one sentence on one line, with the client's status.
pub fn check_refusal(refusal: &Refusal) {
    assert!(matches!(refusal.status, 400 | 404 | 405 | 413), "{}", refusal.status);
    check_sentence(&refusal.message);
    let body = refusal.body();
    assert_eq!(member(&read_answer(&body), "error"), Some(&JsonValue::Str(refusal.message.clone())));
}

/// Checks what a client is told.
pub fn check_sentence(message: &str) {
    assert!(!message.is_empty() && message.len() < LONGEST_SENTENCE, "{message}");
    assert!(!message.chars().any(char::is_control), "{message:?}");
    // `read` and `explain` must agree.
    assert_ne!(message, "the request is not one that this model can answer");
}

/// Returns a member of an object.
pub fn member<'v>(value: &'v JsonValue<'v>, name: &str) -> Option<&'v JsonValue<'v>> {
    match value {
        JsonValue::Object(members) => members.iter().find(|(other, _)| other == name).map(|(_, value)| value),
        _ => None,
    }
}
