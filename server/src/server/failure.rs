use std::borrow::Cow;
use std::sync::Arc;

use hyper::StatusCode;
use tonic::Code;

use crate::allowance::Allowance;
use crate::model::RunError;
use crate::rest::Refusal;

/// The reason why a request is not answered, for clients of both interfaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// Over REST.
    pub status: StatusCode,
    /// Over gRPC, and in the metrics.
    pub code: Code,
    /// In a sentence.
    pub message: Cow<'static, str>,
    /// The method that the path is for, where that is what is wrong.
    pub allow: Option<&'static str>,
    /// For the log, where the client is not told.
    pub cause: Option<Cause>,
}

/// The reason of a failure that only the operator is told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Cause(pub String);

impl Failure {
    /// Something is wrong with the request.
    pub(super) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Code::InvalidArgument, message)
    }

    /// The body is larger than allowed.
    pub(super) fn too_large(limit: usize) -> Self {
        let message = format!("the request's body has more than the {limit} bytes that this server takes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, Code::OutOfRange, message)
    }

    /// The body unzips to more than any sensible one.
    pub(super) fn inflated(ratio: usize) -> Self {
        let message = format!("the request's body unzips to more than {ratio} times its size");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, Code::OutOfRange, message)
    }

    /// Failure of a request that sent little of what it takes long to compute.
    pub(super) fn unsent(sent: usize) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, Code::OutOfRange, Allowance::exceeded(sent))
    }

    /// The answer would be larger than allowed.
    pub(super) fn large_answer(bytes: usize, limit: usize) -> Self {
        let message = format!(
            "the answer could take {bytes} bytes, of which this server writes {limit} at most; send fewer rows"
        );
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, Code::OutOfRange, message)
    }

    /// The request would take more memory than all requests together may.
    pub(super) fn too_much_memory(bytes: usize, limit: usize) -> Self {
        let message = format!(
            "the request and its answer could take {bytes} bytes of memory, of which this server has {limit} for all \
             requests; send fewer rows"
        );
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, Code::OutOfRange, message)
    }

    /// The requests in flight have taken the memory that they may.
    pub(super) fn full() -> Self {
        let message = "the requests in flight take all the memory that they may; try again later";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable, message)
    }

    /// Failure of a connection beyond those that may be open.
    pub(super) fn crowded() -> Self {
        let message = "as many connections are open as may; try again later";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable, message)
    }

    /// The client did not send its request in time.
    pub(super) fn slow_client() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, Code::DeadlineExceeded, "the request's body did not arrive in time")
    }

    /// The answer was not there in time.
    pub(super) fn timed_out() -> Self {
        Self::new(StatusCode::GATEWAY_TIMEOUT, Code::DeadlineExceeded, "the request was not answered in time")
    }

    /// Failure of a request for which the queue has no room.
    pub(super) fn busy() -> Self {
        let message = "as many requests wait for the model as may; try again later";
        // Answer as a retry policy of gRPC needs it: RESOURCE_EXHAUSTED is not tried again.
        Self::new(StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable, message)
    }

    /// The server is about to end.
    pub(super) fn draining() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable, "this server is shutting down")
    }

    /// A fault of this program or of the model, which its operator reads in the log.
    pub(super) fn internal(cause: &dyn std::fmt::Display) -> Self {
        let message = "the model failed; see this server's log";
        let cause = Some(Cause(cause.to_string()));
        Self { cause, ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, Code::Internal, message) }
    }

    pub(super) fn new(status: StatusCode, code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, message: message.into(), allow: None, cause: None }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal.status {
            404 => Code::NotFound,
            413 => Code::OutOfRange,
            _ => Code::InvalidArgument,
        };
        let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
        Self { allow: refusal.allow, ..Self::new(status, code, refusal.message) }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Values => Self::invalid(error.to_string()),
            RunError::Abandoned => Self::timed_out(),
            RunError::Fault(fault) => Self::internal(&fault),
        }
    }
}

/// The computation panicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Panicked;

impl From<Panicked> for Failure {
    fn from(_: Panicked) -> Self {
        Self::internal(&"the computation panicked")
    }
}

impl From<Failure> for tonic::Status {
    fn from(failure: Failure) -> Self {
        let mut status = Self::new(failure.code, failure.message);
        if let Some(cause) = failure.cause {
            status.set_source(Arc::new(cause));
        }
        status
    }
}
