use std::path::PathBuf;

/// A failure of LiteRT.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The shared library is missing, of another platform, or lacks a library of its own.
    #[error("cannot load the LiteRT library {path}: {reason}")]
    Library {
        /// Path at which the library was looked for.
        path: PathBuf,
        /// Reason in the loader's words.
        reason: String,
    },
    /// The library is of a version with other functions.
    #[error("the LiteRT library has no function {0}; another version is needed")]
    Function(&'static str),
    /// A call failed. The number is a `LiteRtStatus`.
    #[error("{function} failed with LiteRtStatus {status}")]
    Status {
        /// Name of a function of the C interface.
        function: &'static str,
        /// Never 0.
        status: i32,
    },
    /// An operator refused the values of this run: an index outside of its table, a division by zero.
    #[error("the model cannot compute these values; LiteRT refused them when it ran")]
    Values,
    /// The file is not what its description says, or has something that the C interface cannot serve.
    #[error("{0}")]
    Mismatch(String),
    /// The file or one of its signatures cannot be loaded.
    #[error("LiteRT cannot load the model: {reason}; {output}")]
    Load {
        /// The failure itself.
        reason: Box<Error>,
        /// Text that LiteRT printed meanwhile.
        output: String,
    },
}
