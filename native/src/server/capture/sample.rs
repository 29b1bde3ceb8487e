use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// A share of the requests, above 0 and at most 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::server) struct Rate(f64);

/// Reads a rate.
pub(in crate::server) fn rate(text: &str) -> Result<Rate, String> {
    let rate = text.parse().ok().filter(|rate| *rate > 0.0 && *rate <= 1.0);
    rate.map(Rate).ok_or_else(|| "a number above 0 and at most 1 is expected".to_owned())
}

/// Chooses requests at random.
pub(super) struct Sample {
    rate: f64,
    asked: AtomicU64,
    /// Its keys are random.
    hasher: RandomState,
}

impl Sample {
    pub(super) fn new(Rate(rate): Rate) -> Self {
        Self { rate, asked: AtomicU64::new(0), hasher: RandomState::new() }
    }

    /// Whether the next request is in the sample.
    pub(super) fn takes(&self) -> bool {
        if self.rate >= 1.0 {
            return true;
        }
        let random = self.hasher.hash_one(self.asked.fetch_add(1, Ordering::Relaxed));
        (random >> 11) as f64 / ((1_u64 << 53) as f64) < self.rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_above_0_and_at_most_1() {
        assert_eq!((rate("1"), rate("0.25")), (Ok(Rate(1.0)), Ok(Rate(0.25))));
        for text in ["0", "1.5", "nan", "-1", "half", ""] {
            assert!(rate(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_sample_has_about_its_share_of_the_requests() {
        let taken = |rate| {
            let sample = Sample::new(Rate(rate));
            (0..100_000).filter(|_| sample.takes()).count()
        };
        assert_eq!(taken(1.0), 100_000);
        // 10,000 ± 10 standard deviations.
        assert!((9_050..=10_950).contains(&taken(0.1)));
    }
}
