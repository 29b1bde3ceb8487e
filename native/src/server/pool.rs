use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::oneshot;

use super::metrics::ModelMetrics;
use super::queue::Queue;
use crate::model::{Instance, LoadError, Model};

/// The compiled copies of one model, each run by a thread of its own: one copy run by two threads answers wrongly.
pub(super) struct Pool {
    model: Model,
    queue: Arc<Queue<Job>>,
    metrics: Arc<ModelMetrics>,
}

/// Why a computation has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PoolError {
    /// As many requests wait as may.
    Full,
    /// The computation panicked.
    Panicked,
}

struct Job {
    work: Box<dyn FnOnce(&mut Instance) + Send>,
    queued: Instant,
}

impl Pool {
    /// Makes a pool without a thread.
    pub(super) fn new(model: Model, queue_size: usize, metrics: Arc<ModelMetrics>) -> Self {
        Self { model, queue: Arc::new(Queue::new(queue_size)), metrics }
    }

    /// Compiles a further copy and starts its thread.
    pub(super) fn grow(self: &Arc<Self>) -> Result<(), LoadError> {
        let instance = self.model.instance()?;
        let pool = Arc::clone(self);
        std::thread::Builder::new()
            .name("worker".to_owned())
            .spawn(move || pool.work(instance))
            .map_err(|error| LoadError::Invalid(format!("cannot start a thread: {error}")))?;
        self.metrics.copies.inc();
        Ok(())
    }

    /// Computes something with a copy of the model. Nothing is computed when the future is dropped before its turn.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        compute: impl FnOnce(&mut Instance) -> T + Send + 'static,
    ) -> Result<T, PoolError> {
        let (reply, answer) = oneshot::channel();
        let work = Box::new(move |instance: &mut Instance| {
            if !reply.is_closed() {
                let _ = reply.send(compute(instance));
            }
        });
        self.queue.push(Job { work, queued: Instant::now() }).map_err(|_| PoolError::Full)?;
        answer.await.map_err(|_| PoolError::Panicked)
    }

    /// The number of requests that wait.
    pub(super) fn waiting(&self) -> usize {
        self.queue.len()
    }

    fn work(&self, mut instance: Instance) {
        loop {
            let job = self.queue.pop();
            self.metrics.queuing.observe(micros(job.queued));
            if catch_unwind(AssertUnwindSafe(|| (job.work)(&mut instance))).is_ok() {
                continue;
            }
            // The panic may have left the copy between two states.
            match self.model.instance() {
                Ok(fresh) => instance = fresh,
                Err(error) => {
                    // Whatever starts this program starts it again.
                    tracing::error!(%error, "ended: a copy of the model cannot be compiled again after a panic");
                    std::process::exit(1);
                }
            }
        }
    }
}

/// Microseconds since then.
pub(super) fn micros(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e6
}
