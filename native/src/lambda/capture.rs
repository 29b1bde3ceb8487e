//! Which requests are captured, with their answers, in the function's log, from where they reach the capture bucket.
//!
//! A subscription filter finds a line by its beginning.

use crate::capture::{Exchange, NotCaptured, Redaction};
use crate::model::Description;

/// The share of the requests to capture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rate(f64);

/// A place for a predict request in the sample; empty until it is answered.
pub(super) type Place = Option<Result<Exchange, NotCaptured>>;

impl Rate {
    /// Reads `CAPTURE_RATE`; `None` where nothing is captured.
    pub(super) fn read(text: Option<&str>) -> Result<Option<Self>, String> {
        let Some(text) = text else {
            return Ok(None);
        };
        let rate = text.parse().ok().filter(|rate| *rate > 0.0 && *rate <= 1.0);
        rate.map(|rate| Some(Self(rate)))
            .ok_or_else(|| format!("CAPTURE_RATE is '{text}', allowed: above 0, at most 1"))
    }

    /// Whether a request is in the sample: by its id, a random UUID, so that a repeated event is in it again.
    pub(super) fn takes(self, request_id: &str) -> bool {
        let first = request_id.get(..8).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        self.0 >= 1.0 || first.is_some_and(|first| f64::from(first) < self.0 * 4_294_967_296.0)
    }
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
    fn a_rate_is_above_0_and_at_most_1() {
        assert_eq!(Rate::read(None), Ok(None));
        assert_eq!(Rate::read(Some("0.25")), Ok(Some(Rate(0.25))));
        for text in ["0", "1.5", "nan", "-1", "half", ""] {
            let problem = format!("CAPTURE_RATE is '{text}', allowed: above 0, at most 1");
            assert_eq!(Rate::read(Some(text)), Err(problem));
        }
    }

    #[test]
    fn the_sample_is_by_the_request_id() {
        assert!(Rate(0.25).takes("3fffffff-0000-4000-8000-000000000000"));
        assert!(!Rate(0.25).takes("40000000-0000-4000-8000-000000000000"));
        assert!(!Rate(0.25).takes("request-1"));
        assert!(!Rate(0.25).takes(""));
        assert!(Rate(1.0).takes("request-1"));
    }
}
