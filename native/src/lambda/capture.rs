//! A sample of the requests with their answers, for the function's log, from where they reach the capture bucket.
//!
//! The line is `captured_request.py` of the optimizer's documents. A subscription filter finds it by its beginning.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::de::IgnoredAny;

use super::redaction::Redaction;
use crate::model::Description;

/// Bytes. `CloudWatch` Logs takes 256 KiB at least, and Firehose 1,000 KiB of a record with many lines.
const LARGEST_LINE: usize = 200_000;
/// What the members around the two bodies and the two names take at most.
const MEMBERS: usize = 200;

/// The share of the requests to capture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rate(f64);

/// The bodies of a predict request in the sample and of its answer.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    signature: usize,
    request: Vec<u8>,
    answer: Vec<u8>,
    is_too_large: bool,
}

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

impl Exchange {
    /// Keeps the bodies, if a line can hold them.
    pub(super) fn keep(&mut self, signature: usize, request: &[u8], answer: &[u8]) {
        if request.len() + answer.len() > LARGEST_LINE {
            self.is_too_large = true;
            return;
        }
        self.signature = signature;
        request.clone_into(&mut self.request);
        answer.clone_into(&mut self.answer);
    }

    /// Returns the line; `None` if the request was not one to the model, or the sentence why there is no line.
    pub(super) fn line(
        &self,
        description: &Description,
        redaction: Option<&Redaction>,
    ) -> Result<Option<Vec<u8>>, String> {
        let too_large = || format!("request not captured: with its answer it has more than {LARGEST_LINE} bytes");
        if self.is_too_large {
            return Err(too_large());
        }
        if self.answer.is_empty() {
            return Ok(None);
        }
        let text = |body| std::str::from_utf8(body).map_err(|_| not_json());
        let (request, answer) = (text(&self.request)?.trim_start_matches('\u{feff}'), text(&self.answer)?);
        for body in [request, answer] {
            serde_json::from_str::<IgnoredAny>(body).map_err(|_| not_json())?;
        }
        let signature = &description.signatures[self.signature];
        let redacted = redaction.map(|redaction| redaction.apply(request, signature)).transpose();
        let redacted = redacted.map_err(|_| not_json())?;
        let request = redacted.as_deref().unwrap_or(request);
        let string = |text: &str| serde_json::to_string(text).expect("a string is JSON");
        let mut line = String::with_capacity(request.len() + answer.len() + MEMBERS);
        line += "{\"schemaVersion\":1,\"time\":\"";
        line += &timestamp(SystemTime::now());
        line += "\",\"modelName\":";
        line += &string(&description.model);
        line += ",\"modelVersion\":";
        line += &description.version.to_string();
        line += ",\"signatureName\":";
        line += &string(&signature.name);
        line += ",\"request\":";
        // JSON has these two between its tokens only.
        line += &request.replace(['\n', '\r'], " ");
        line += ",\"answer\":";
        line += answer;
        line += "}\n";
        if line.len() > LARGEST_LINE { Err(too_large()) } else { Ok(Some(line.into_bytes())) }
    }
}

fn not_json() -> String {
    "request not captured: it has NaN, an infinity or another value that JSON does not have".to_owned()
}

/// Returns a time in UTC as ISO 8601 writes it, with milliseconds.
fn timestamp(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, seconds) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", since.subsec_millis())
}

/// Returns the Gregorian date of a day since 1970.
///
/// See <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>.
fn date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468; // since 0000-03-01, so that a leap day ends a year
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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

    #[test]
    fn a_time_is_written_as_iso_8601() {
        for (milliseconds, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (1_735_689_600_000, "2025-01-01T00:00:00.000Z"),
            (1_795_854_615_042, "2026-11-28T08:30:15.042Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(timestamp(UNIX_EPOCH + Duration::from_millis(milliseconds)), expected);
        }
    }
}
