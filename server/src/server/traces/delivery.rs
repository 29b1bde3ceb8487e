use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor};
use prometheus::{IntCounter, IntCounterVec};

use super::collector::{Endpoint, Problem, exporter};

/// Most spans that wait.
const QUEUE_LENGTH: usize = 2048;

/// Counts of spans that are not sent.
#[derive(Clone, Debug)]
pub(super) struct Unsent {
    /// In the queue, or in a call that is not answered yet.
    waiting: Arc<AtomicUsize>,
    queue_full: IntCounter,
    not_delivered: IntCounter,
}

impl Unsent {
    pub(super) fn new(dropped: &IntCounterVec) -> Self {
        let [queue_full, not_delivered] =
            ["queue_full", "not_delivered"].map(|reason| dropped.with_label_values(&[reason]));
        Self { waiting: Arc::default(), queue_full, not_delivered }
    }

    /// Returns the number of spans that the collector has not taken until now.
    pub(super) fn refused(&self) -> u64 {
        self.not_delivered.get()
    }

    /// Says in the log how many are lost at the end: those that wait, and those that were refused since.
    ///
    /// # Arguments
    ///
    /// * `before`: that were refused before the end, which the metrics had.
    pub(super) fn say(&self, before: u64) {
        let lost = self.waiting.load(Ordering::Relaxed) as u64 + self.refused().saturating_sub(before);
        if lost > 0 {
            tracing::warn!(
                dropped_spans = lost,
                "spans are lost at the end: they were not sent within the time to drain"
            );
        }
    }
}

/// Makes the processor of ended spans, with a thread of its own.
pub(super) fn processor(endpoint: &Endpoint, unsent: &Unsent) -> Result<impl SpanProcessor + use<>, String> {
    let problem = Problem::default();
    let exporter = exporter(endpoint, &problem)?;
    let counted = Counted { exporter, unsent: unsent.clone(), problem, is_failing: AtomicBool::new(false) };
    let config = BatchConfigBuilder::default().with_max_queue_size(QUEUE_LENGTH).build();
    let batches = BatchSpanProcessor::builder(counted).with_batch_config(config).build();
    Ok(Bounded { batches, unsent: unsent.clone() })
}

/// Drops spans before the queue is full, because that does not say how many it drops.
#[derive(Debug)]
struct Bounded<P> {
    batches: P,
    unsent: Unsent,
}

impl<P: SpanProcessor> SpanProcessor for Bounded<P> {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if self.unsent.waiting.fetch_add(1, Ordering::Relaxed) < QUEUE_LENGTH {
            return self.batches.on_end(span);
        }
        self.unsent.waiting.fetch_sub(1, Ordering::Relaxed);
        if self.unsent.queue_full.get() == 0 {
            tracing::warn!("spans are dropped: as many wait for the collector as may; further ones are only counted");
        }
        self.unsent.queue_full.inc();
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.batches.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.batches.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.batches.set_resource(resource);
    }
}

/// Counts the spans that the collector does not take, and logs when that begins.
#[derive(Debug)]
struct Counted<E> {
    exporter: E,
    unsent: Unsent,
    problem: Problem,
    /// True if the latest call failed: only a change is logged.
    is_failing: AtomicBool,
}

impl<E: SpanExporter> SpanExporter for Counted<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let result = self.exporter.export(batch).await;
        self.unsent.waiting.fetch_sub(spans, Ordering::Relaxed);
        let was_failing = self.is_failing.swap(result.is_err(), Ordering::Relaxed);
        if result.is_err() {
            self.unsent.not_delivered.inc_by(spans as u64);
        }
        if result.is_err() && !was_failing {
            let problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
            tracing::warn!(problem = %*problem, spans, "spans are dropped: the collector does not take them");
        }
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{Tracer, TracerProvider};
    use opentelemetry_sdk::trace::SdkTracerProvider;

    use super::*;
    use crate::server::metrics::Metrics;

    /// A processor that never sends anything.
    #[derive(Debug)]
    struct Stuck;

    impl SpanProcessor for Stuck {
        fn on_start(&self, _: &mut Span, _: &Context) {}

        fn on_end(&self, _: SpanData) {}

        fn force_flush(&self) -> OTelSdkResult {
            Ok(())
        }

        fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
            Ok(())
        }
    }

    #[test]
    fn more_spans_than_may_wait_are_dropped_and_counted() {
        let unsent = Unsent::new(&Metrics::new().dropped_spans());
        let bounded = Bounded { batches: Stuck, unsent: unsent.clone() };
        let tracer = SdkTracerProvider::builder().with_span_processor(bounded).build().tracer("test");
        for _ in 0..QUEUE_LENGTH + 10 {
            drop(tracer.start("span"));
        }
        assert_eq!((unsent.waiting.load(Ordering::Relaxed), unsent.queue_full.get()), (QUEUE_LENGTH, 10));
    }
}
