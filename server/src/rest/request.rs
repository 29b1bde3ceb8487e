use crate::model::Call;

/// Way of a request, which decides the members that its body can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// HTTP, as TensorFlow Serving is called.
    Http,
    /// Direct invocation: `{"data": x}`, one instance, is allowed as well.
    Direct,
}

/// The member in which the values came, which decides the form of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
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
    /// The values, and which signature they are for.
    pub call: Call,
    /// Form of the answer.
    pub form: Form,
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
