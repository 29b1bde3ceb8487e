use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::failure::{Failure, Panicked};
use super::metrics::ModelMetrics;
use super::queue::Item;
use crate::model::{Call, Instance, Outputs};

/// Work of an instance of the model for a request.
pub(super) enum Job {
    /// All of it, from its text to that of its answer.
    Work {
        /// Does nothing where nobody waits for it any more.
        work: Work,
        /// Time at which it was queued.
        queued: Instant,
    },
    /// Rows that can be computed with those of other requests.
    Rows(Rows),
}

/// A computation that replies by itself.
pub(super) type Work = Box<dyn FnOnce(&mut Instance) -> Result<(), Panicked> + Send>;

/// The rows of one request.
pub(super) struct Rows {
    /// Call with fewer than `most` rows.
    pub call: Call,
    /// Most rows that one run computes.
    pub most: usize,
    /// Dropped by whoever does not wait any more.
    pub reply: oneshot::Sender<Result<Computed, Failure>>,
    /// Time at which the request times out.
    pub deadline: Instant,
    /// Time at which they were queued.
    pub queued: Instant,
}

/// The answer to a call.
#[derive(Debug)]
pub(super) struct Computed {
    /// The call that was given.
    pub call: Call,
    /// Outputs of the call's own rows.
    pub outputs: Outputs,
    /// The call's share of the run's time.
    pub share: Duration,
}

impl Job {
    /// Returns the time at which the job was queued.
    pub(super) fn queued(&self) -> Instant {
        match self {
            Self::Work { queued, .. } | Self::Rows(Rows { queued, .. }) => *queued,
        }
    }

    /// Does jobs that join each other.
    pub(super) fn all(jobs: Vec<Self>, instance: &mut Instance, metrics: &ModelMetrics) -> Result<(), Panicked> {
        let mut together = Vec::new();
        for job in jobs {
            match job {
                Self::Work { work, .. } => work(instance)?,
                Self::Rows(rows) => together.push(rows),
            }
        }
        compute(together, instance, metrics)
    }
}

impl Item for Job {
    fn joins(&self, others: &[Self]) -> bool {
        let Self::Rows(rows) = self else { return false };
        let mut total = rows.call.rows;
        for other in others {
            match other {
                Self::Rows(other) if other.call.signature == rows.call.signature => total += other.call.rows,
                _ => return false,
            }
        }
        total <= rows.most
    }

    fn is_wanted(&self) -> bool {
        match self {
            Self::Work { .. } => true,
            Self::Rows(rows) => !rows.reply.is_closed(),
        }
    }
}

/// Computes rows of several requests at once. Where that fails, each request is computed alone, and has its own failure.
fn compute(together: Vec<Rows>, instance: &mut Instance, metrics: &ModelMetrics) -> Result<(), Panicked> {
    let now = Instant::now();
    let (wanted, late): (Vec<_>, Vec<_>) =
        together.into_iter().filter(|rows| !rows.reply.is_closed()).partition(|rows| now < rows.deadline);
    for rows in late {
        let _ = rows.reply.send(Err(Failure::timed_out()));
    }
    let calls: Vec<&Call> = wanted.iter().map(|rows| &rows.call).collect();
    let is_wanted = |count: usize| {
        metrics.rows.observe(count as f64);
        wanted.iter().any(|rows| !rows.reply.is_closed())
    };
    // Without its reply a request knows of the panic.
    let results = catch_unwind(AssertUnwindSafe(|| instance.run_together(&calls, is_wanted))).map_err(|_| Panicked)?;
    let taken = now.elapsed();
    let total: usize = calls.iter().map(|call| call.rows).sum();
    for (rows, result) in wanted.into_iter().zip(results) {
        metrics.runtime.observe(taken.as_secs_f64() * 1e6);
        let share = taken * rows.call.rows as u32 / total as u32;
        let computed = result.map(|outputs| Computed { call: rows.call, outputs, share }).map_err(Failure::from);
        let _ = rows.reply.send(computed);
    }
    Ok(())
}
