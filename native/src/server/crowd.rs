use std::sync::Arc;

/// Those that may send a request at this moment, and the requests of connections that carry several: one clone each.
#[derive(Clone)]
pub(super) struct Crowd(Arc<()>);

impl Crowd {
    /// Nobody is there.
    pub(super) fn new() -> Self {
        Self(Arc::new(()))
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        Arc::strong_count(&self.0) - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_who_has_come_and_not_gone() {
        let crowd = Crowd::new();
        let (first, second) = (crowd.clone(), crowd.clone());
        assert_eq!(crowd.count(), 2);
        drop(first);
        assert_eq!(second.count(), 1);
    }
}
