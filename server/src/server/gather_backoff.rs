use std::sync::atomic::{AtomicU32, Ordering};

/// Requests in a row that were computed alone before most no longer look for others.
const LONE_REQUESTS_BEFORE_BACKOFF: u32 = 4;
/// Distance between two requests after them that look for others.
const BACKOFF_INTERVAL: u32 = 16;

/// Backs off dynamic batching: decides which requests of one model look for others that have arrived as well. To look takes
/// two turns of the executor, for which it may wake another thread: more than a small model takes.
pub(super) struct GatherBackoff {
    /// Requests in a row that were computed alone. Two threads may overwrite each other's update.
    alone: AtomicU32,
}

impl GatherBackoff {
    /// Lets the first requests look.
    pub(super) fn new() -> Self {
        Self { alone: AtomicU32::new(0) }
    }

    /// Tells whether the next request should look for others.
    pub(super) fn is_due(&self) -> bool {
        let alone = self.alone.load(Ordering::Relaxed);
        alone < LONE_REQUESTS_BEFORE_BACKOFF || alone.is_multiple_of(BACKOFF_INTERVAL)
    }

    /// Records whether a request found others.
    pub(super) fn record(&self, found: bool) {
        let alone = if found { 0 } else { self.alone.load(Ordering::Relaxed).wrapping_add(1) };
        self.alone.store(alone, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tells of each of so many requests in a row that are alone whether it looks.
    fn looks(backoff: &GatherBackoff, requests: usize) -> Vec<bool> {
        let look = || {
            let is_due = backoff.is_due();
            backoff.record(false);
            is_due
        };
        std::iter::repeat_with(look).take(requests).collect()
    }

    #[test]
    fn the_only_client_seldom_looks_for_others() {
        let found = looks(&GatherBackoff::new(), 1_604);
        assert_eq!(found[..4], [true; 4]);
        assert_eq!(found[4..].iter().filter(|&&looked| looked).count(), 100);
    }

    #[test]
    fn those_that_are_found_are_looked_for_again() {
        let backoff = GatherBackoff::new();
        looks(&backoff, 40);
        assert!(!backoff.is_due());
        backoff.record(true);
        assert_eq!(looks(&backoff, 5), [true, true, true, true, false]);
    }
}
