use std::sync::Arc;

/// Counts how many requests can arrive or be in flight at this moment: one clone for each open connection, and one for
/// each request of a connection that carries several.
#[derive(Clone)]
pub(super) struct Concurrency(Arc<()>);

impl Concurrency {
    /// Starts at 0.
    pub(super) fn new() -> Self {
        Self(Arc::new(()))
    }

    /// The number of clones.
    pub(super) fn count(&self) -> usize {
        Arc::strong_count(&self.0) - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_clones_until_they_are_dropped() {
        let concurrency = Concurrency::new();
        let (first, second) = (concurrency.clone(), concurrency.clone());
        assert_eq!(concurrency.count(), 2);
        drop(first);
        assert_eq!(second.count(), 1);
    }
}
