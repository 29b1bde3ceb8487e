use crate::model::RunError;
use crate::rest::Refusal;

/// The reason why a request has no prediction.
pub(super) enum Unanswered {
    /// The client's fault.
    Refused(Refusal),
    /// The invocation fails, unless it came by HTTP.
    Failed(Failure),
}

/// The reason why an invocation fails.
#[derive(Debug, PartialEq)]
pub(super) struct Failure {
    /// Over HTTP.
    pub status: u16,
    /// For the log.
    pub reason: String,
    /// The caller gets the reason, too.
    pub is_told: bool,
}

impl Unanswered {
    /// A fault of the function's own.
    pub(super) fn fault(reason: String) -> Self {
        Self::Failed(Failure { status: 500, reason, is_told: false })
    }

    /// An event that is no request, whose source looks at nothing but whether the invocation fails.
    pub(super) fn unusable(reason: String) -> Self {
        Self::Failed(Failure { status: 500, reason, is_told: true })
    }

    /// An answer that would come after the invocation's deadline.
    pub(super) fn late() -> Self {
        let reason = "the request could not be answered within the function's timeout; send fewer rows".to_owned();
        Self::Failed(Failure { status: 504, reason, is_told: true })
    }
}

impl From<Refusal> for Unanswered {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<RunError> for Unanswered {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Values => Self::Refused(Refusal::values()),
            RunError::Abandoned | RunError::Fault(_) => Self::fault(error.to_string()),
        }
    }
}
