use std::borrow::Cow;

use crate::model::RunError;

/// A fault of a request, in a sentence for the client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// Status of HTTP, in the 400s.
    pub status: u16,
    /// On one line.
    pub message: Cow<'static, str>,
    /// The method that the path is for, where that is what is wrong.
    pub allow: Option<&'static str>,
}

impl Refusal {
    /// A request that cannot be answered.
    pub fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(400, message)
    }

    /// A resource that is not there.
    pub fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(404, message)
    }

    /// A request or answer that the front cannot carry.
    pub fn too_large(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(413, message)
    }

    /// A path that exists, asked with the wrong method.
    #[must_use]
    pub fn wrong_method(method: &str, allow: &'static str) -> Self {
        let method = super::sentence::quoted(method, 20);
        Self { allow: Some(allow), ..Self::new(405, format!("method {method} is not allowed here; use {allow}")) }
    }

    /// Values that an operator of the model refused, see [`RunError::Values`].
    #[must_use]
    pub fn values() -> Self {
        Self::bad_request(RunError::Values.to_string())
    }

    /// The body of the answer: `{"error": "…"}`.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        let mut body = b"{\"error\":".to_vec();
        super::answer::write_string(&self.message, &mut body);
        body.push(b'}');
        body
    }

    fn new(status: u16, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, message: message.into(), allow: None }
    }
}

/// Refuses a request that cannot be answered.
pub(super) fn refuse<T>(message: String) -> Result<T, Refusal> {
    Err(Refusal::bad_request(message))
}
