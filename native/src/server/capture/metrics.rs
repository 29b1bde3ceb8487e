use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus::{IntCounter, IntCounterVec};

use crate::capture::NotCaptured;

/// Why a request of the sample does not reach Firehose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) enum Dropped {
    /// With its answer it is larger than a line may be.
    TooLarge,
    /// It has a value that JSON does not have.
    NotJson,
    /// As many wait as may.
    QueueFull,
    /// Firehose did not take it.
    NotDelivered,
}

/// The counters of captured requests.
#[derive(Clone)]
pub(in crate::server) struct CaptureMetrics {
    sent: IntCounter,
    dropped: [IntCounter; 4],
    /// Requests that were accepted, and are neither sent nor dropped yet.
    waiting: Arc<AtomicU64>,
}

impl CaptureMetrics {
    /// Makes them of two registered metrics, all at 0.
    pub(in crate::server) fn new(sent: IntCounter, dropped: &IntCounterVec) -> Self {
        let reasons = ["too_large", "not_json", "queue_full", "not_delivered"];
        let dropped = reasons.map(|reason| dropped.with_label_values(&[reason]));
        Self { sent, dropped, waiting: Arc::default() }
    }

    /// Counts a request that is dropped instead of being accepted.
    pub(super) fn declined(&self, reason: Dropped) {
        self.dropped[reason as usize].inc();
    }

    /// Counts a request that waits until it is `sent` or `dropped`.
    pub(super) fn accepted(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn sent(&self, requests: u64) {
        self.waiting.fetch_sub(requests, Ordering::Relaxed);
        self.sent.inc_by(requests);
    }

    pub(super) fn dropped(&self, reason: Dropped, requests: u64) {
        self.waiting.fetch_sub(requests, Ordering::Relaxed);
        self.dropped[reason as usize].inc_by(requests);
    }

    /// How many were dropped for any reason.
    pub(super) fn all_dropped(&self) -> u64 {
        self.dropped.iter().map(IntCounter::get).sum()
    }

    pub(super) fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
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

    /// What was sent, and what was dropped for this reason.
    pub(super) fn counts(&self, reason: Dropped) -> (u64, u64) {
        (self.sent.get(), self.dropped[reason as usize].get())
    }
}
