//! Environment variables for the model to serve.

use std::env;
use std::path::PathBuf;

use crate::model::{DEFAULT_DIRECTORY, DEFAULT_LIBRARY, Options};

/// Reads the environment variables that all fronts share, all optional:
///
/// * `MODEL_DIR`: directory with model.json and the model, `/opt/ml/model`.
/// * `MODEL_NAME`: the name clients use, the one in model.json.
/// * `MODEL_THREADS`: of one run, 1.
/// * `LITERT_LIBRARY`: `/opt/lib/libLiteRt.so`.
///
/// `warn` is told what costs time or memory only.
///
/// # Errors
///
/// A sentence where one has a value that cannot be.
pub fn options(warn: fn(&str)) -> Result<Options, String> {
    let threads = variable("MODEL_THREADS").map_or(Ok(1), |value| {
        let threads = value.parse().ok().filter(|threads| (1..=1024).contains(threads));
        threads.ok_or_else(|| format!("MODEL_THREADS is '{value}', allowed: 1 to 1024"))
    })?;
    Ok(Options {
        directory: PathBuf::from(variable("MODEL_DIR").unwrap_or_else(|| DEFAULT_DIRECTORY.to_owned())),
        library: PathBuf::from(variable("LITERT_LIBRARY").unwrap_or_else(|| DEFAULT_LIBRARY.to_owned())),
        name: variable("MODEL_NAME"),
        threads,
        warn,
    })
}

/// Returns a variable that is set to something.
#[must_use]
pub fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
