//! Writes captured requests with their answers into the function's log, from where they reach the capture bucket.
//!
//! A subscription filter finds a line by its beginning.

use crate::captured_request::{Exchange, NotCaptured, Rate, Redaction};
use crate::model::Description;

/// A place for a predict request in the sample; empty until it is answered.
pub(super) type Place = Option<Result<Exchange, NotCaptured>>;

/// Reads `CAPTURE_RATE`; `None` where nothing is captured.
pub(super) fn rate(text: Option<&str>) -> Result<Option<Rate>, String> {
    let read = |text| Rate::read(text).ok_or_else(|| format!("CAPTURE_RATE is '{text}', allowed: above 0, at most 1"));
    text.map(read).transpose()
}

/// Tells whether a request is in the sample: by its id, a random UUID, so that a repeated event is in it again.
pub(super) fn takes(rate: Rate, request_id: &str) -> bool {
    let first = request_id.get(..8).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    // Without such an id only where every request is.
    rate.takes(first.map_or(1.0_f64.next_down(), |first| f64::from(first) / 4_294_967_296.0))
}

/// Reads `CAPTURE_REDACT`; `None` where all values are captured.
pub(super) fn redaction(text: Option<&str>, description: &Description) -> Result<Option<Redaction>, String> {
    let Some(text) = text else {
        return Ok(None);
    };
    let names = serde_json::from_str(text)
        .map_err(|_| format!("CAPTURE_REDACT is '{text}', allowed: a JSON list with names of inputs"))?;
    Redaction::new(names, [description]).map(Some).map_err(|error| format!("CAPTURE_REDACT {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_rate_than_a_share_is_refused_with_what_is_allowed() {
        assert_eq!(rate(None), Ok(None));
        assert_eq!(rate(Some("0.25")), Ok(Rate::read("0.25")));
        assert_eq!(rate(Some("1.5")), Err("CAPTURE_RATE is '1.5', allowed: above 0, at most 1".to_owned()));
    }

    #[test]
    fn the_sample_is_by_the_request_id() {
        let [quarter, all] = ["0.25", "1"].map(|text| Rate::read(text).unwrap());
        assert!(takes(quarter, "3fffffff-0000-4000-8000-000000000000"));
        assert!(!takes(quarter, "40000000-0000-4000-8000-000000000000"));
        assert!(!takes(quarter, "request-1"));
        assert!(!takes(quarter, ""));
        assert!(takes(all, "request-1"));
    }
}
