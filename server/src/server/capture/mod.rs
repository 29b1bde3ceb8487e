//! A sample of the answered requests, with their answers, to Firehose.
//!
//! A request copies its bodies into a bounded queue, and never waits. A thread of its own makes the lines, and sends them.

mod batch;
mod delivery;
mod firehose;
mod metrics;
mod queue;
mod sample;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::oneshot;

use self::delivery::{Delivery, Line};
use self::firehose::Firehose;
pub(super) use self::firehose::{Stream, stream};
pub(super) use self::metrics::CaptureMetrics;
use self::metrics::Dropped;
use self::queue::{Receiver, Sender, bounded};
use self::sample::Sample;
pub(super) use self::sample::rate;
use crate::captured_request::{Exchange, LARGEST_LINE, Rate, Redaction};
use crate::model::{Call, Description, Outputs};

/// The share of requests to capture, and the stream that gets them.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub stream: Stream,
    pub rate: Rate,
    pub redact: Vec<String>,
}

/// Captures requests.
pub(super) struct Capture {
    sample: Sample,
    queue: Sender<Line>,
    metrics: CaptureMetrics,
    ending: Mutex<Option<Ending>>,
}

/// Channels that stop the thread, and say that it has ended.
struct Ending {
    stop: oneshot::Sender<()>,
    ended: oneshot::Receiver<()>,
}

impl Capture {
    /// Starts the thread that sends.
    ///
    /// # Errors
    ///
    /// A sentence: an input to redact is unknown, or there is no thread.
    pub(super) fn start<'a>(
        settings: Settings,
        descriptions: impl Iterator<Item = &'a Description>,
        metrics: CaptureMetrics,
    ) -> Result<Self, String> {
        let Settings { stream, rate, redact } = settings;
        let redaction = if redact.is_empty() { None } else { Some(Redaction::new(redact, descriptions)) };
        let redaction = redaction.transpose().map_err(|error| format!("--capture_redact {error}"))?;
        let (queue, receiver) = bounded();
        let ending = send(stream, redaction, receiver, metrics.clone())?;
        Ok(Self { sample: Sample::new(rate), queue, metrics, ending: Mutex::new(Some(ending)) })
    }

    /// Tells whether the next request is in the sample.
    pub(super) fn takes(&self) -> bool {
        self.sample.takes()
    }

    /// Captures the bodies of an answered request.
    ///
    /// # Arguments
    ///
    /// * `signature`: its position in the description.
    pub(super) fn keep(&self, description: &Arc<Description>, signature: usize, request: &[u8], answer: &[u8]) {
        let size = request.len() + answer.len();
        self.offer(size, || {
            let (description, time) = (Arc::clone(description), SystemTime::now());
            // Copied: a part of a connection's buffer would keep all of it.
            let exchange = Exchange::new(time, signature, request, answer);
            Box::new(move |redaction| exchange?.line(&description, redaction))
        });
    }

    /// Captures the tensors of an answered request, as the bodies of the same request over REST, in column format.
    pub(super) fn keep_tensors(&self, description: &Arc<Description>, call: &Call, outputs: &Outputs) {
        let size = call.sent_bytes() + outputs.columns.iter().map(Vec::len).sum::<usize>();
        self.offer(size, || {
            let (description, time) = (Arc::clone(description), SystemTime::now());
            let (call, outputs) = (call.sent(), outputs.clone());
            Box::new(move |redaction| {
                Exchange::of_tensors(time, &description, &call, &outputs)?.line(&description, redaction)
            })
        });
    }

    /// Returns the number of requests of the sample that were dropped.
    pub(super) fn dropped(&self) -> u64 {
        self.metrics.all_dropped()
    }

    /// Takes no further requests, and returns when those that wait are sent, or when the time is over.
    ///
    /// Nobody reads the counters any more: a line of the log says how many were lost.
    ///
    /// # Arguments
    ///
    /// * `seen`: how many were dropped while the counters could be read.
    pub(super) async fn finish(&self, time: Duration, seen: u64) {
        let ending = self.ending.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Ending { stop, ended }) = ending else {
            return;
        };
        let _ = stop.send(());
        let in_time = tokio::time::timeout(time, ended).await.is_ok();
        let lost = self.metrics.unsent().saturating_sub(seen);
        if lost > 0 {
            let why = if in_time {
                "they were dropped while the server drained"
            } else {
                "they were not sent within the time to drain"
            };
            tracing::warn!(dropped_captures = lost, "captured requests are lost at the end: {why}");
        }
    }

    fn offer(&self, size: usize, make: impl FnOnce() -> Line) {
        self.metrics.sampled();
        if size > LARGEST_LINE {
            self.metrics.dropped(Dropped::TooLarge, 1);
        } else if !self.queue.offer(size, make) {
            self.metrics.dropped(Dropped::QueueFull, 1);
        }
    }
}

/// Sends what the queue has, by a thread of its own: to make lines takes time that threads with connections do not have.
fn send(
    stream: Stream,
    redaction: Option<Redaction>,
    queue: Receiver<Line>,
    metrics: CaptureMetrics,
) -> Result<Ending, String> {
    let ((stop, stopped), (end, ended)) = (oneshot::channel(), oneshot::channel());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start the asynchronous runtime of the capture: {error}"))?;
    let run = move || {
        runtime.block_on(async {
            Delivery::new(Firehose::new(stream), redaction, metrics).run(queue, stopped).await;
        });
        let _ = end.send(());
    };
    let thread = std::thread::Builder::new().name("capture".to_owned()).spawn(run);
    thread.map_err(|error| format!("cannot start a thread for the capture: {error}"))?;
    Ok(Ending { stop, ended })
}
