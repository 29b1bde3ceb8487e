//! Values of flags.

use std::time::Duration;

/// Reads an integer above 0.
pub(super) fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("a positive integer is expected".to_owned()),
    }
}

/// Reads milliseconds: an integer above 0.
pub(super) fn milliseconds(text: &str) -> Result<Duration, String> {
    positive(text).map(|number| Duration::from_millis(number as u64))
}

/// Reads seconds, which may have decimals.
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| "a number of seconds is expected".to_owned())?;
    Duration::try_from_secs_f64(number).map_err(|error| error.to_string())
}

/// Reads seconds: an integer above 0.
pub(super) fn whole_seconds(text: &str) -> Result<Duration, String> {
    positive(text).map(|number| Duration::from_secs(number as u64))
}

/// Reads a path that starts with /.
pub(super) fn absolute_path(text: &str) -> Result<String, String> {
    if text.starts_with('/') { Ok(text.to_owned()) } else { Err("a path that starts with / is expected".to_owned()) }
}
