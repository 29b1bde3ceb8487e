use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::oneshot;

use super::cost::CostEstimate;
use super::failure::{Failure, Panicked};
use super::metrics::ModelMetrics;
use super::queue::Queue;
use crate::model::{Instance, LoadError, Model};

/// The compiled copies of one model. A copy is lent to one thread at a time: run by two, it answers wrongly.
///
/// A short computation is done by the thread that has read the request, where a copy is free: to wake another thread
/// and to be woken by it costs as much as a small model. Everything else is done by threads of the pool.
pub(super) struct Pool {
    model: Model,
    queue: Queue<Job, Instance>,
    metrics: Arc<ModelMetrics>,
}

/// Tells whether anybody still waits for the result.
pub(super) type IsWanted<'a> = &'a dyn Fn() -> bool;

type Work = Box<dyn FnOnce(&mut Instance) -> Result<(), Panicked> + Send>;

struct Job {
    work: Work,
    queued: Instant,
}

impl Pool {
    /// Makes a pool without a copy.
    pub(super) fn new(model: Model, queue_size: usize, metrics: Arc<ModelMetrics>) -> Self {
        Self { model, queue: Queue::new(queue_size), metrics }
    }

    /// Compiles a further copy and starts a thread.
    pub(super) fn grow(self: &Arc<Self>) -> Result<(), LoadError> {
        let instance = self.model.instance()?;
        let pool = Arc::clone(self);
        std::thread::Builder::new()
            .name("worker".to_owned())
            .spawn(move || pool.work())
            .map_err(|error| LoadError::Invalid(format!("cannot start a thread: {error}")))?;
        self.queue.give(instance);
        self.metrics.copies.inc();
        Ok(())
    }

    /// Computes something with a copy of the model. Nothing is computed when the future is dropped before its turn, and
    /// no further row when it is dropped later.
    ///
    /// # Arguments
    ///
    /// * `estimate`: the cost of such requests.
    /// * `size`: of this one; `None` where it is not known yet, and so may be large.
    /// * `concurrency`: how many requests can be in flight, with those that have not been read.
    /// * `deadline`: when the request times out.
    ///
    /// # Errors
    ///
    /// The computation's own; as many requests wait as may; or the deadline has come.
    pub(super) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        estimate: &Arc<CostEstimate>,
        size: Option<usize>,
        concurrency: usize,
        deadline: Instant,
        compute: impl FnOnce(&mut Instance, IsWanted<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let queued = Instant::now();
        let timed = {
            let (estimate, metrics) = (Arc::clone(estimate), Arc::clone(&self.metrics));
            move |instance: &mut Instance, is_wanted: IsWanted<'_>| {
                let start = Instant::now();
                let result = catch_unwind(AssertUnwindSafe(|| compute(instance, is_wanted))).map_err(|_| Panicked)?;
                let taken = start.elapsed();
                metrics.runtime.observe(taken.as_secs_f64() * 1e6);
                if let (Ok(_), Some(size)) = (&result, size) {
                    estimate.record(size, taken);
                }
                Ok(result)
            }
        };
        let reservation = self.queue.reserve().ok_or_else(Failure::busy)?;
        let reservation = if size.is_some_and(|size| estimate.is_short(size)) {
            if concurrency > self.queue.capacity() {
                // What else has arrived is read first, so that the queue's bound holds for all of it. Twice, because a
                // connection whose body was taken is polled again at once.
                tokio::task::yield_now().await;
                tokio::task::yield_now().await;
            }
            if Instant::now() >= deadline {
                return Err(Failure::timed_out());
            }
            match reservation.exchange() {
                Ok(mut instance) => {
                    self.metrics.queuing.observe(micros(queued));
                    let result = timed(&mut instance, &|| Instant::now() < deadline);
                    if result.is_ok() {
                        self.queue.give(instance);
                    } else {
                        // To compile takes longer than this thread may be away.
                        let pool = Arc::clone(self);
                        tokio::task::spawn_blocking(move || pool.queue.give(pool.compiled_again(instance)));
                    }
                    return result?;
                }
                Err(reservation) => reservation,
            }
        } else {
            reservation
        };
        let (reply, answer) = oneshot::channel();
        let work = Box::new(move |instance: &mut Instance| {
            if reply.is_closed() {
                return Ok(());
            }
            // Without its reply the receiver knows of the panic.
            let result = timed(instance, &|| !reply.is_closed())?;
            let _ = reply.send(result);
            Ok(())
        });
        reservation.enqueue(Job { work, queued });
        match tokio::time::timeout_at(deadline.into(), answer).await {
            Ok(result) => result.map_err(|_| Panicked)?,
            Err(_) => Err(Failure::timed_out()),
        }
    }

    /// The number of requests that wait.
    pub(super) fn waiting(&self) -> usize {
        self.queue.len()
    }

    fn work(&self) {
        loop {
            let (job, mut instance) = self.queue.pop();
            self.metrics.queuing.observe(micros(job.queued));
            let done = (job.work)(&mut instance);
            self.queue.give(if done.is_ok() { instance } else { self.compiled_again(instance) });
        }
    }

    /// Replaces a copy that a panic may have left between two states.
    fn compiled_again(&self, broken: Instance) -> Instance {
        drop(broken);
        self.model.instance().unwrap_or_else(|error| {
            // Whatever starts this program starts it again.
            tracing::error!(%error, "ended: a copy of the model cannot be compiled again after a panic");
            std::process::exit(1);
        })
    }
}

/// Microseconds since then.
pub(super) fn micros(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e6
}
