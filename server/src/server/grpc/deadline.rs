use std::time::{Duration, Instant};

use hyper::header::HeaderMap;

use crate::server::budget::Shared;

/// Returns the time by which a call must be answered: the client may want it sooner than the server allows.
pub(super) fn deadline(headers: &HeaderMap, start: Instant, most: Duration) -> Instant {
    let wanted = headers.get("grpc-timeout").and_then(|value| parse(value.to_str().ok()?));
    start + wanted.map_or(most, |wanted| wanted.min(most))
}

/// The extension of a request that every handler finds.
#[derive(Clone)]
pub(super) struct Received {
    /// Time at which its headers were there.
    pub start: Instant,
    /// Time by which it must be answered.
    pub deadline: Instant,
    /// The memory that it has taken.
    pub share: Shared,
}

/// Reads the header: up to eight digits and a unit.
fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > 8 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_unit_and_nothing_else() {
        assert_eq!(parse("250m"), Some(Duration::from_millis(250)));
        assert_eq!(parse("99999999H"), Some(Duration::from_hours(99_999_999)));
        for wrong in ["", "m", "123456789m", "-1S", "1.5S", "5x", "5é"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_sooner_one_counts() {
        let start = Instant::now();
        let mut headers = HeaderMap::new();
        assert_eq!(deadline(&headers, start, Duration::from_secs(1)), start + Duration::from_secs(1));
        headers.insert("grpc-timeout", "5S".parse().unwrap());
        assert_eq!(deadline(&headers, start, Duration::from_secs(1)), start + Duration::from_secs(1));
        headers.insert("grpc-timeout", "5m".parse().unwrap());
        assert_eq!(deadline(&headers, start, Duration::from_secs(1)), start + Duration::from_millis(5));
    }
}
