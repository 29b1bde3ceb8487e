use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tokio::sync::oneshot;

use super::cost::CostEstimate;
use super::failure::{Failure, Panicked};
use super::gather_backoff::GatherBackoff;
use super::job::{Computed, Job, Rows};
use super::metrics::ModelMetrics;
use super::queue::Queue;
use crate::allowance::Allowance;
use crate::model::{Call, Description, Instance, LoadError, Model, Outputs, Weights};

/// The largest request, and the largest outputs, in bytes, that a thread with connections reads or writes so that its rows
/// can be computed with those of others.
const LARGEST_SMALL_BYTES: usize = 32 << 10;

/// The compiled copies of one model. A copy is lent to one thread at a time: run by two, it answers wrongly.
///
/// A short computation is done by the thread that has read the request, where a copy is free: to wake another thread
/// and to be woken by it costs as much as a small model. Everything else is done by threads of the pool. Where the model
/// computes several rows sooner than each, rows of all requests that have arrived are computed together.
pub(super) struct Pool {
    model: Model,
    queue: Queue<Job, Instance>,
    /// A copy that has packed weights of its own is compiled again when it is free.
    shares: AtomicBool,
    /// Some signature computes several rows at once.
    gathers: bool,
    backoff: GatherBackoff,
    metrics: Arc<ModelMetrics>,
}

/// A request, as far as the pool has to know it.
pub(super) struct Arrived<'a> {
    /// The cost of such requests.
    pub estimate: &'a Arc<CostEstimate>,
    /// In the unit of the estimate; `None` where it is not known yet, and so may be large.
    pub size: Option<usize>,
    /// The bytes that came, where it has more.
    pub unsent: Option<usize>,
    /// Number of requests that can be in flight, with those that have not been read.
    pub concurrency: usize,
    /// Time at which the request times out.
    pub deadline: Instant,
}

impl Pool {
    /// Makes a pool without a copy.
    pub(super) fn new(model: Model, queue_size: usize, metrics: Arc<ModelMetrics>) -> Self {
        let gathers = model.description.signatures.iter().any(|signature| signature.most_rows() > 1);
        let (queue, backoff) = (Queue::new(queue_size), GatherBackoff::new());
        Self { model, queue, shares: AtomicBool::new(false), gathers, backoff, metrics }
    }

    /// Compiles a further copy and starts a thread.
    ///
    /// # Arguments
    ///
    /// * `weights`: of its own for the first copy, which is there sooner.
    pub(super) fn grow(self: &Arc<Self>, weights: Weights) -> Result<(), LoadError> {
        let instance = self.model.instance(weights)?;
        let pool = Arc::clone(self);
        std::thread::Builder::new()
            .name("worker".to_owned())
            .spawn(move || pool.work())
            .map_err(|error| LoadError::Invalid(format!("cannot start a thread: {error}")))?;
        self.queue.give(instance);
        self.metrics.copies.inc();
        Ok(())
    }

    /// Has the first copy share the packed weights of further ones: now, or once it is given back.
    pub(super) fn share(&self) {
        self.shares.store(self.shared_bytes() > 0, Ordering::Relaxed);
        if let Some(instance) = self.queue.take(|instance| self.is_outdated(instance)) {
            self.give_updated(instance);
        }
    }

    /// Bytes of memory that copies share.
    pub(super) fn shared_bytes(&self) -> u64 {
        self.model.shared_bytes()
    }

    /// Answers a request with a copy of the model. Nothing is computed when the future is dropped before its turn, and
    /// no further row when it is dropped later.
    ///
    /// # Arguments
    ///
    /// * `read`: makes the call, and the function that writes its answer.
    ///
    /// # Errors
    ///
    /// Those of reading and writing; as many requests wait as may; the model failed; or the deadline has come.
    pub(super) async fn run<W, T>(
        self: &Arc<Self>,
        arrived: Arrived<'_>,
        read: impl FnOnce(Arc<Description>) -> Result<(Call, W), Failure> + Send + 'static,
    ) -> Result<T, Failure>
    where
        W: FnOnce(&Call, &Outputs) -> Result<T, Failure> + Send + 'static,
        T: Send + 'static,
    {
        let description = Arc::clone(&self.model.description);
        // The only client has nobody's rows to wait for. Time that is limited is counted for one request.
        let is_large = arrived.unsent.is_some() || arrived.size.is_none_or(|size| size > LARGEST_SMALL_BYTES);
        if !self.gathers || arrived.concurrency < 2 || is_large {
            return self.compute(arrived, move || read(description)).await;
        }
        let reservation = self.queue.reserve().ok_or_else(Failure::busy)?;
        let start = Instant::now();
        let (call, write) = catch_unwind(AssertUnwindSafe(|| read(description))).map_err(|_| Panicked)??;
        let signature = &self.model.description.signatures[call.signature];
        if call.rows >= signature.most_rows() || signature.output_bytes(call.rows) > LARGEST_SMALL_BYTES {
            drop(reservation);
            return self.compute(arrived, move || Ok((call, write))).await;
        }
        let reading = start.elapsed();
        let (reply, mut answer) = oneshot::channel();
        let deadline = arrived.deadline;
        let rows = Rows { call, most: signature.most_rows(), reply, deadline, queued: Instant::now() };
        if arrived.size.is_some_and(|size| arrived.estimate.is_short(size)) {
            reservation.bring(Job::Rows(rows));
            // Beyond the queue's capacity so that its bound holds for all that has arrived.
            if self.backoff.is_due() || arrived.concurrency > self.queue.capacity() {
                others_first().await;
            }
            while answer.is_empty() {
                let taken = self.queue.take_brought();
                self.backoff.record(taken.as_ref().is_none_or(|(jobs, _)| jobs.len() > 1));
                let Some((jobs, instance)) = taken else { break };
                // A panic is told by the replies that are missing.
                let _ = self.finish(instance, |instance| self.done(jobs, instance));
            }
        } else {
            reservation.enqueue(Job::Rows(rows));
        }
        let computed = match tokio::time::timeout_at(deadline.into(), &mut answer).await {
            Ok(result) => result.map_err(|_| Panicked)?,
            Err(_) => Err(Failure::timed_out()),
        };
        let Computed { call, outputs, share } = computed?;
        let start = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(|| write(&call, &outputs))).map_err(|_| Panicked)?;
        if let (Ok(_), Some(size)) = (&result, arrived.size) {
            arrived.estimate.record(size, reading + share + start.elapsed());
        }
        result
    }

    /// Answers a request by one computation: it reads, runs the model for this request only, and writes.
    async fn compute<W, T>(
        self: &Arc<Self>,
        arrived: Arrived<'_>,
        read: impl FnOnce() -> Result<(Call, W), Failure> + Send + 'static,
    ) -> Result<T, Failure>
    where
        W: FnOnce(&Call, &Outputs) -> Result<T, Failure> + Send + 'static,
        T: Send + 'static,
    {
        let Arrived { estimate, size, unsent, concurrency, deadline } = arrived;
        let queued = Instant::now();
        let timed = {
            let (estimate, metrics) = (Arc::clone(estimate), Arc::clone(&self.metrics));
            move |instance: &mut Instance, is_wanted: &dyn Fn() -> bool| {
                let start = Instant::now();
                let allowed = unsent.map(|sent| (sent, Allowance::starting(sent)));
                let exceeded = || allowed.as_ref().filter(|(_, allowance)| !allowance.is_left()).map(|(sent, _)| *sent);
                let answer = || {
                    let (call, write) = read()?;
                    let mut unsent = None;
                    let outputs = instance.run_while(&call, |rows| {
                        metrics.rows.observe(rows as f64);
                        unsent = exceeded();
                        unsent.is_none() && is_wanted()
                    });
                    let outputs = outputs.map_err(|error| unsent.map_or_else(|| error.into(), Failure::unsent))?;
                    write(&call, &outputs)
                };
                let result = catch_unwind(AssertUnwindSafe(answer)).map_err(|_| Panicked)?;
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
                // So that the queue's bound holds for all of it.
                others_first().await;
            }
            if Instant::now() >= deadline {
                return Err(Failure::timed_out());
            }
            match reservation.exchange() {
                Ok(instance) => {
                    self.metrics.queuing.observe(micros(queued));
                    return self.finish(instance, |instance| timed(instance, &|| Instant::now() < deadline))?;
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
        reservation.enqueue(Job::Work { work, queued });
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
            let (jobs, mut instance) = self.queue.pop();
            let done = self.done(jobs, &mut instance);
            self.give_back(instance, done.is_ok());
        }
    }

    /// Does jobs that are done together.
    fn done(&self, jobs: Vec<Job>, instance: &mut Instance) -> Result<(), Panicked> {
        for job in &jobs {
            self.metrics.queuing.observe(micros(job.queued()));
        }
        Job::all(jobs, instance, &self.metrics)
    }

    /// Computes on a thread with connections, and gives the copy back.
    fn finish<T>(
        self: &Arc<Self>,
        mut instance: Instance,
        compute: impl FnOnce(&mut Instance) -> Result<T, Panicked>,
    ) -> Result<T, Panicked> {
        let result = compute(&mut instance);
        if result.is_ok() && !self.is_outdated(&instance) {
            self.queue.give(instance);
        } else {
            // To compile takes longer than this thread may be away.
            let (pool, is_whole) = (Arc::clone(self), result.is_ok());
            tokio::task::spawn_blocking(move || pool.give_back(instance, is_whole));
        }
        result
    }

    /// Gives a copy back, whole or as a panic left it.
    fn give_back(&self, instance: Instance, is_whole: bool) {
        if !is_whole {
            self.queue.give(self.compiled_again(instance));
        } else if self.is_outdated(&instance) {
            self.give_updated(instance);
        } else {
            self.queue.give(instance);
        }
    }

    fn is_outdated(&self, instance: &Instance) -> bool {
        instance.owns_weights() && self.shares.load(Ordering::Relaxed)
    }

    fn give_updated(&self, mut instance: Instance) {
        if let Err(error) = instance.share_weights() {
            tracing::warn!(%error, "a copy of the model keeps packed weights of its own");
            self.shares.store(false, Ordering::Relaxed);
        }
        self.queue.give(instance);
    }

    /// Replaces a copy that a panic may have left between two states.
    fn compiled_again(&self, broken: Instance) -> Instance {
        drop(broken);
        let weights = if self.shares.load(Ordering::Relaxed) { Weights::Shared } else { Weights::Own };
        self.model.instance(weights).unwrap_or_else(|error| {
            // Whatever starts this program starts it again.
            tracing::error!(%error, "ended: a copy of the model cannot be compiled again after a panic");
            std::process::exit(1);
        })
    }
}

/// Has the thread read what else has arrived. It yields twice, because a connection whose body was taken is polled again at
/// once.
async fn others_first() {
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
}

/// Microseconds since then.
pub(super) fn micros(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e6
}
