use super::answer;
use super::explain;
use super::read;
use super::refusal::Refusal;
use crate::model::{Call, Description, Outputs, Signature};

/// TensorFlow Serving ignores it at the beginning of a body.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// How a request came, which decides the members that its body can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// By HTTP, as TensorFlow Serving is called.
    Http,
    /// By a direct invocation: `{"data": x}`, one instance, is allowed as well.
    Direct,
}

/// The member in which the values came, which decides the form of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Row format: `instances`, answered by `predictions`.
    Instances,
    /// Column format: `inputs`, answered by `outputs`.
    Inputs,
    /// One instance: `data`, answered by `prediction`.
    Data,
}

/// A predict request that the model can answer.
#[derive(Clone, Debug, PartialEq)]
pub struct PredictRequest {
    /// What the model is asked.
    pub call: Call,
    pub(super) form: Form,
}

impl PredictRequest {
    /// Reads a request body.
    ///
    /// # Errors
    ///
    /// It is not one that the model can answer, and why.
    pub fn read(description: &Description, body: &[u8], caller: Caller) -> Result<Self, Refusal> {
        let body = match caller {
            Caller::Http => body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body),
            Caller::Direct => body,
        };
        // Only a wrong request needs the words for it, so the reader that makes tensors has none.
        match read::read(description, body, caller) {
            Some(request) => request.fitting(description),
            None => Err(explain::explain(description, body, caller)),
        }
    }

    /// Writes the answer's body.
    #[must_use]
    pub fn answer(&self, description: &Description, outputs: &Outputs) -> Vec<u8> {
        answer::answer(description, &description.signatures[self.call.signature], self.form, outputs)
    }

    fn fitting(self, description: &Description) -> Result<Self, Refusal> {
        let signature = &description.signatures[self.call.signature];
        if self.form == Form::Instances && !answers_rows(signature) {
            // Only without a batch. TensorFlow Serving cannot answer it in rows either.
            return Err(Refusal::bad_request(format!(
                "the outputs of the signature '{}' do not share a batch dimension, so they cannot be answered row by \
                 row; send 'inputs' instead of 'instances'",
                signature.name
            )));
        }
        Ok(self)
    }
}

impl Form {
    pub(super) fn member(self) -> &'static str {
        match self {
            Self::Instances => "instances",
            Self::Inputs => "inputs",
            Self::Data => "data",
        }
    }

    pub(super) fn of(member: &str, caller: Caller) -> Option<Self> {
        match member {
            "instances" => Some(Self::Instances),
            "inputs" => Some(Self::Inputs),
            "data" if caller == Caller::Direct => Some(Self::Data),
            _ => None,
        }
    }
}

fn answers_rows(signature: &Signature) -> bool {
    let mut sizes = signature.outputs.iter().map(|tensor| tensor.stored_shape.first());
    signature.batched || sizes.next().flatten().is_some_and(|first| sizes.all(|size| size == Some(first)))
}
