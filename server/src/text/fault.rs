use std::borrow::Cow;

/// The reason why a step has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A sentence without an end.
    #[error("{0}")]
    Values(Cow<'static, str>),
    /// The memory that the step needs is not there; whoever refused it says why.
    #[error("the memory for it is not there")]
    Memory,
}

/// Returns a fault of what was given to a step.
pub(super) fn fault(sentence: impl Into<Cow<'static, str>>) -> Fault {
    Fault::Values(sentence.into())
}
