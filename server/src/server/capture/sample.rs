use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::captured_request::Rate;

/// Reads a rate.
pub(in crate::server) fn rate(text: &str) -> Result<Rate, String> {
    Rate::read(text).ok_or_else(|| "a number above 0 and at most 1 is expected".to_owned())
}

/// Chooses requests at random.
pub(super) struct Sample {
    rate: Rate,
    asked: AtomicU64,
    /// Hasher with random keys.
    hasher: RandomState,
}

impl Sample {
    pub(super) fn new(rate: Rate) -> Self {
        Self { rate, asked: AtomicU64::new(0), hasher: RandomState::new() }
    }

    /// Tells whether the next request is in the sample.
    pub(super) fn takes(&self) -> bool {
        let random = self.hasher.hash_one(self.asked.fetch_add(1, Ordering::Relaxed));
        self.rate.takes((random >> 11) as f64 / (1_u64 << 53) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_about_its_share_of_the_requests() {
        let taken = |text| {
            let sample = Sample::new(rate(text).unwrap());
            (0..100_000).filter(|_| sample.takes()).count()
        };
        assert_eq!(taken("1"), 100_000);
        // 10,000 ± 10 standard deviations.
        assert!((9_050..=10_950).contains(&taken("0.1")));
    }
}
