use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The longest computation that a thread with connections may do itself.
const INLINE_LIMIT: Duration = Duration::from_micros(500);
/// The weight of the latest request in the moving average.
const LATEST_WEIGHT: f64 = 0.125;

/// The expected cost of a request: the time that requests of its kind took for their size, as an exponentially weighted
/// moving average.
pub(super) struct CostEstimate {
    /// Nanoseconds for a unit of size, as the bits of a float64. Two threads may overwrite each other's update.
    bits: AtomicU64,
}

impl CostEstimate {
    /// Expects no request to be short before one was recorded.
    pub(super) fn new() -> Self {
        Self { bits: AtomicU64::new(f64::INFINITY.to_bits()) }
    }

    /// Tells whether a request of this size is expected to take less time than the limit for computing it inline.
    pub(super) fn is_short(&self, size: usize) -> bool {
        self.expected() * size.max(1) as f64 <= INLINE_LIMIT.as_nanos() as f64
    }

    /// Adds the time of a computed request to the average.
    pub(super) fn record(&self, size: usize, taken: Duration) {
        let found = taken.as_nanos() as f64 / size.max(1) as f64;
        let before = self.expected();
        let expected = if before.is_finite() { before + (found - before) * LATEST_WEIGHT } else { found };
        self.bits.store(expected.to_bits(), Ordering::Relaxed);
    }

    fn expected(&self) -> f64 {
        f64::from_bits(self.bits.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_request_is_short_before_one_was_recorded() {
        let estimate = CostEstimate::new();
        assert!(!estimate.is_short(0));
        estimate.record(100, Duration::from_micros(50));
        assert!(estimate.is_short(100));
    }

    #[test]
    fn a_larger_request_takes_longer() {
        let estimate = CostEstimate::new();
        estimate.record(100, Duration::from_micros(50));
        assert_eq!([1000, 1001, usize::MAX].map(|size| estimate.is_short(size)), [true, false, false]);
    }

    #[test]
    fn one_slow_request_does_not_change_the_estimate_much_and_several_do() {
        let estimate = CostEstimate::new();
        estimate.record(1, Duration::from_micros(100));
        estimate.record(1, Duration::from_millis(3));
        assert!(estimate.is_short(1));
        for _ in 0..5 {
            estimate.record(1, Duration::from_millis(3));
        }
        assert!(!estimate.is_short(1));
    }
}
