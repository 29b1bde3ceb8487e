use std::sync::atomic::{AtomicU32, Ordering};

/// Looks in a row that may find nobody before most are left out.
const VAIN: u32 = 4;
/// Of the requests after them, one in so many looks.
const EVERY: u32 = 16;

/// Tells whether a request of one model is likely to have company: requests that have arrived as well. To look for them
/// takes two turns of the executor, for which it may wake another thread: more than a small model takes.
pub(super) struct Company {
    /// Requests in a row that were computed alone. Two threads may overwrite each other's update.
    alone: AtomicU32,
}

impl Company {
    /// Expects company.
    pub(super) fn new() -> Self {
        Self { alone: AtomicU32::new(0) }
    }

    /// Tells whether the next request should look for others.
    pub(super) fn is_likely(&self) -> bool {
        let alone = self.alone.load(Ordering::Relaxed);
        alone < VAIN || alone.is_multiple_of(EVERY)
    }

    /// Records whether a request had company.
    pub(super) fn record(&self, found: bool) {
        let alone = if found { 0 } else { self.alone.load(Ordering::Relaxed).wrapping_add(1) };
        self.alone.store(alone, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tells of each of so many requests in a row that are alone whether it looks.
    fn looks(company: &Company, requests: usize) -> Vec<bool> {
        let look = || {
            let is_likely = company.is_likely();
            company.record(false);
            is_likely
        };
        std::iter::repeat_with(look).take(requests).collect()
    }

    #[test]
    fn the_only_client_seldom_looks_for_others() {
        let found = looks(&Company::new(), 1_604);
        assert_eq!(found[..4], [true; 4]);
        assert_eq!(found[4..].iter().filter(|&&looked| looked).count(), 100);
    }

    #[test]
    fn those_that_are_found_are_looked_for_again() {
        let company = Company::new();
        looks(&company, 40);
        assert!(!company.is_likely());
        company.record(true);
        assert_eq!(looks(&company, 5), [true, true, true, true, false]);
    }
}
