use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tonic::Code;

use super::budget::Budget;
use super::capture::Capture;
use super::catalogue::{Catalogue, Servable};
use super::concurrency::Concurrency;
use super::cors::Cors;
use super::failure::Failure;
use super::flags::Flags;
use super::metrics::{Entry, Metrics};
use super::pool::{Arrived, micros};
use super::streams::Streams;
use super::traces::{self, Traces};
use super::workers;
use crate::model::{Call, Description, Outputs};

/// Connections that are open beyond which what is read of them ahead takes much memory.
const CROWD_OF_CONNECTIONS: usize = 64;
/// Most bytes of one answer, unless requests may have more.
const DEFAULT_ANSWER_BYTES: usize = 64 << 20;

/// The state that all connections share.
pub(super) struct State {
    /// The models.
    pub catalogue: Catalogue,
    /// Metrics of all models.
    pub metrics: Metrics,
    /// Path at which Prometheus reads them.
    pub monitoring_path: String,
    /// Most bytes of a request's body.
    pub max_request_bytes: usize,
    /// Most bytes of an answer.
    pub max_answer_bytes: usize,
    /// Memory of all requests in flight.
    pub budget: Budget,
    /// Limits of calls of gRPC that last, on all connections together.
    pub streams: Streams,
    /// Time limit of one request.
    pub timeout: Duration,
    /// Limits open connections on both ports together.
    pub connections: Arc<Semaphore>,
    most_connections: usize,
    /// Bytes that are read of each before they are taken.
    pub read_ahead: usize,
    /// Number of requests that can arrive or are in flight.
    pub concurrency: Concurrency,
    /// Capture of a sample of the requests.
    pub capture: Option<Arc<Capture>>,
    /// Permission for web pages of other origins.
    pub cors: Option<Cors>,
    /// A line is logged of each request.
    pub logs_access: bool,
    /// Traces of predictions.
    pub traces: Option<Traces>,
    draining: AtomicBool,
}

impl State {
    /// Makes the state of a server that is ready.
    pub(super) fn new(
        catalogue: Catalogue,
        metrics: Metrics,
        flags: &Flags,
        (capture, traces): (Option<Capture>, Option<Traces>),
        cors: Option<Cors>,
    ) -> Self {
        let connections = workers::connections(flags);
        let memory = workers::memory_for_requests(flags);
        Self {
            catalogue,
            metrics,
            monitoring_path: flags.monitoring_path.clone(),
            max_request_bytes: flags.max_request_bytes,
            max_answer_bytes: flags.max_request_bytes.max(DEFAULT_ANSWER_BYTES),
            budget: Budget::new(memory),
            streams: Streams::of_all(memory),
            timeout: flags.rest_api_timeout_in_ms,
            connections: Arc::new(Semaphore::new(connections)),
            most_connections: connections,
            read_ahead: workers::read_ahead(memory, connections),
            concurrency: Concurrency::new(),
            capture: capture.map(Arc::new),
            cors,
            logs_access: flags.access_log,
            traces,
            draining: AtomicBool::new(false),
        }
    }

    /// Tells whether new requests should go elsewhere.
    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Withdraws readiness. Requests are answered as before.
    pub(super) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Tells whether so many connections are open that what is read of them takes much memory.
    pub(super) fn is_crowded(&self) -> bool {
        self.most_connections - self.connections.available_permits() > CROWD_OF_CONNECTIONS
    }

    /// Returns the capture for the next request, if that is in the sample.
    pub(super) fn sample(&self) -> Option<Arc<Capture>> {
        self.capture.as_ref().filter(|capture| capture.takes()).map(Arc::clone)
    }

    /// Returns the metrics as Prometheus reads them.
    pub(super) fn page(&self) -> Vec<u8> {
        for servable in self.catalogue.all() {
            servable.metrics.waiting.set(0);
        }
        self.metrics.memory.set(self.budget.taken() as i64);
        // The versions of a model share their metrics.
        for servable in self.catalogue.all() {
            servable.metrics.waiting.add(servable.pool.waiting() as i64);
        }
        self.metrics.page()
    }
}

/// Has a copy of the model compute an answer, until the deadline.
///
/// # Arguments
///
/// * `size`: of the request, in any unit that `entry` has in common; `None` where it is not known yet.
/// * `unsent`: the bytes that came, where the request has more.
/// * `read`: makes the call, and the function that writes its answer.
pub(super) async fn compute<W, T>(
    state: &State,
    servable: &Servable,
    (entry, size, unsent): (Entry, Option<usize>, Option<usize>),
    deadline: Instant,
    read: impl FnOnce(Arc<Description>) -> Result<(Call, W), Failure> + Send + 'static,
) -> Result<T, Failure>
where
    W: FnOnce(&Call, &Outputs) -> Result<T, Failure> + Send + 'static,
    T: Send + 'static,
{
    let estimate = &servable.cost_estimates[entry as usize];
    let arrived = Arrived { estimate, size, unsent, concurrency: state.concurrency.count(), deadline };
    servable.pool.run(arrived, read).await
}

/// Counts a request of a model, and names that in the request's span.
pub(super) fn count<T>(servable: &Servable, entry: Entry, start: Instant, result: &Result<T, Failure>) {
    let code = result.as_ref().map_or_else(|failure| failure.code, |_| Code::Ok);
    servable.metrics.answered(entry, code, micros(start));
    traces::of_model(&servable.description);
}
