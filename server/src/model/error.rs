use std::io;
use std::path::PathBuf;

use super::digest::Digest;
use crate::litert;

/// Name of the description, in the model's directory.
pub const FILE_NAME: &str = "model.json";

/// Fault that keeps a model from being served.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// model.json or the file cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Unreadable {
        /// Path of the file that cannot be read.
        path: PathBuf,
        /// Error of the system.
        error: io::Error,
    },
    /// model.json is not JSON, or lacks something.
    #[error("{} is not a model description: {error}", path.display())]
    NotADescription {
        /// Path of model.json.
        path: PathBuf,
        /// Error of the parser.
        error: serde_json::Error,
    },
    /// model.json says something that cannot be.
    #[error("{0}")]
    Invalid(String),
    /// The file is not the one that model.json means.
    #[error("{} has the SHA-256 {found} instead of {expected}: it is damaged, or another file", path.display())]
    Differs {
        /// Path of the file.
        path: PathBuf,
        /// SHA-256 of the file's content.
        found: Digest,
        /// SHA-256 that model.json names.
        expected: Digest,
    },
    /// LiteRT cannot serve the file.
    #[error(transparent)]
    LiteRt(#[from] litert::Error),
}

/// The reason why a run has no result.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The client's values are to blame.
    #[error("the model cannot compute these values; LiteRT refused them when it ran")]
    Values,
    /// The caller gave up before the last row.
    #[error("nobody waits for the answer any more")]
    Abandoned,
    /// This program or its model is to blame.
    #[error(transparent)]
    Fault(litert::Error),
}

impl From<litert::Error> for RunError {
    fn from(error: litert::Error) -> Self {
        match error {
            litert::Error::Values => Self::Values,
            fault => Self::Fault(fault),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_values_that_an_operator_refused_are_the_clients_fault() {
        assert!(matches!(litert::Error::Values.into(), RunError::Values));
        // 2 is kLiteRtStatusErrorMemoryAllocationFailure.
        let status = litert::Error::Status { function: "LiteRtRunCompiledModel", status: 2 };
        let RunError::Fault(fault) = status.into() else { panic!("the function's own fault") };
        assert_eq!(fault.to_string(), "LiteRtRunCompiledModel failed with LiteRtStatus 2");
    }
}
