use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// So long a thread that has connections may compute.
const SHORT: Duration = Duration::from_micros(500);
/// The share of the latest request in what is expected of the next one.
const SHARE: f64 = 0.125;

/// How long requests of one kind take for their size, learned from those that were answered.
pub(super) struct Pace {
    /// Nanoseconds for a unit of size, as the bits of a float64. Two threads may overwrite what the other has learned.
    bits: AtomicU64,
}

impl Pace {
    /// Nothing is known, and nothing short.
    pub(super) fn new() -> Self {
        Self { bits: AtomicU64::new(f64::INFINITY.to_bits()) }
    }

    /// Whether a request of this size takes a short time.
    pub(super) fn is_short(&self, size: usize) -> bool {
        self.expected() * size.max(1) as f64 <= SHORT.as_nanos() as f64
    }

    /// Takes note of a request.
    pub(super) fn learn(&self, size: usize, taken: Duration) {
        let found = taken.as_nanos() as f64 / size.max(1) as f64;
        let before = self.expected();
        let expected = if before.is_finite() { before + (found - before) * SHARE } else { found };
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
    fn nothing_is_short_before_a_request_was() {
        let pace = Pace::new();
        assert!(!pace.is_short(0));
        pace.learn(100, Duration::from_micros(50));
        assert!(pace.is_short(100));
    }

    #[test]
    fn a_larger_request_takes_longer() {
        let pace = Pace::new();
        pace.learn(100, Duration::from_micros(50));
        assert_eq!([1000, 1001, usize::MAX].map(|size| pace.is_short(size)), [true, false, false]);
    }

    #[test]
    fn one_slow_request_is_forgotten_and_several_are_not() {
        let pace = Pace::new();
        pace.learn(1, Duration::from_micros(100));
        pace.learn(1, Duration::from_millis(3));
        assert!(pace.is_short(1));
        for _ in 0..5 {
            pace.learn(1, Duration::from_millis(3));
        }
        assert!(!pace.is_short(1));
    }
}
