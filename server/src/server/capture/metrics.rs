use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus::{IntCounter, IntCounterVec};

use crate::captured_request::NotCaptured;

/// The reason why a request of the sample does not reach Firehose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) enum Dropped {
    /// Request that is larger with its answer than a line may be.
    TooLarge,
    /// Request with a value that JSON does not have.
    NotJson,
    /// Request for which the queue had no room.
    QueueFull,
    /// Firehose did not take it.
    NotDelivered,
}

/// The counters of captured requests.
#[derive(Clone)]
pub(in crate::server) struct CaptureMetrics {
    sent: IntCounter,
    dropped: [IntCounter; 4],
    /// Requests of the sample: sent, dropped or neither yet.
    sampled: Arc<AtomicU64>,
}

impl CaptureMetrics {
    /// Makes them of two registered metrics, all at 0.
    pub(in crate::server) fn new(sent: IntCounter, dropped: &IntCounterVec) -> Self {
        let reasons = ["too_large", "not_json", "queue_full", "not_delivered"];
        let dropped = reasons.map(|reason| dropped.with_label_values(&[reason]));
        Self { sent, dropped, sampled: Arc::default() }
    }

    /// Counts a request before anything happens to it.
    pub(super) fn sampled(&self) {
        self.sampled.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn sent(&self, requests: u64) {
        self.sent.inc_by(requests);
    }

    pub(super) fn dropped(&self, reason: Dropped, requests: u64) {
        self.dropped[reason as usize].inc_by(requests);
    }

    /// Returns the number of requests that were dropped for any reason.
    pub(super) fn all_dropped(&self) -> u64 {
        self.dropped.iter().map(IntCounter::get).sum()
    }

    /// Returns the number of requests that were not sent: they were dropped, or wait.
    pub(super) fn unsent(&self) -> u64 {
        // Other threads may count meanwhile.
        self.sampled.load(Ordering::Relaxed).saturating_sub(self.sent.get())
    }
}

impl From<NotCaptured> for Dropped {
    fn from(reason: NotCaptured) -> Self {
        match reason {
            NotCaptured::TooLarge => Self::TooLarge,
            NotCaptured::NotJson => Self::NotJson,
        }
    }
}

#[cfg(test)]
impl CaptureMetrics {
    /// Counters of no registry.
    pub(super) fn unregistered() -> Self {
        let dropped = IntCounterVec::new(prometheus::Opts::new("dropped", "dropped"), &["reason"]).unwrap();
        Self::new(IntCounter::new("sent", "sent").unwrap(), &dropped)
    }

    /// Numbers of lines that were sent, and that were dropped for this reason.
    pub(super) fn counts(&self, reason: Dropped) -> (u64, u64) {
        (self.sent.get(), self.dropped[reason as usize].get())
    }
}
