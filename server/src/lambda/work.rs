use std::time::{Duration, Instant};

use super::unanswered::Unanswered;
use crate::allowance::Allowance;
use crate::environment::variable;
use crate::rest::{Need, Pixels, Refusal};

/// Time before the deadline of an invocation in which its answer gets to Lambda.
const MARGIN_BEFORE_DEADLINE: Duration = Duration::from_millis(200);

/// The work that one event may cause.
pub(super) struct Work {
    deadline: Option<Instant>,
    /// Time of the last look at the clock.
    last: Instant,
    /// The longest step so far. The next one can take as long.
    longest: Duration,
    /// Bytes, as they came.
    sent: usize,
    /// Allowance of requests that were compressed.
    allowance: Option<Allowance>,
    pixels: Pixels,
    /// Bytes for images.
    taken: usize,
}

impl Work {
    /// Begins to count the time.
    ///
    /// # Arguments
    ///
    /// * `deadline`: of the invocation.
    pub(super) fn until(deadline: Option<Instant>) -> Self {
        let (last, longest) = (Instant::now(), Duration::ZERO);
        Self { deadline, last, longest, sent: 0, allowance: None, pixels: Pixels::of(0), taken: 0 }
    }

    /// Sets how many bytes of the request came.
    pub(super) fn sent(&mut self, bytes: usize) {
        (self.sent, self.pixels) = (bytes, Pixels::of(bytes));
    }

    /// Notes that what came was uncompressed.
    pub(super) fn uncompressed(&mut self) {
        self.allowance = Some(Allowance::starting(self.sent));
    }

    /// Fails where the next step could not end in time.
    pub(super) fn go_on(&mut self) -> Result<(), Unanswered> {
        let now = Instant::now();
        self.longest = self.longest.max(now.duration_since(self.last));
        self.last = now;
        if self.deadline.is_some_and(|deadline| now + self.longest + MARGIN_BEFORE_DEADLINE >= deadline) {
            return Err(Unanswered::late());
        }
        if self.allowance.as_ref().is_some_and(|allowance| !allowance.is_left()) {
            return Err(Refusal::too_large(Allowance::exceeded(self.sent)).into());
        }
        Ok(())
    }

    /// Takes what an image needs. Half of the function's memory is for images.
    pub(super) fn take(&mut self, Need { bytes, pixels }: Need) -> Result<(), Unanswered> {
        self.go_on()?;
        self.pixels.take(pixels)?;
        self.taken = self.taken.saturating_add(bytes);
        let (taken, memory) = (self.taken, variable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"));
        let limit = memory.and_then(|mebibytes| mebibytes.parse::<usize>().ok()).map(|mebibytes| mebibytes << 19);
        match limit.filter(|&limit| taken > limit) {
            None => Ok(()),
            Some(limit) => Err(Refusal::too_large(format!(
                "the images need {taken} bytes of memory, of which this function has {limit} for them; send fewer or \
                 smaller ones, or give the function more memory"
            ))
            .into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_late(outcome: Result<(), Unanswered>) -> bool {
        matches!(outcome, Err(Unanswered::Failed(failure)) if failure.status == 504)
    }

    #[test]
    fn work_ends_before_the_deadline_by_the_longest_step() {
        let mut work = Work::until(Some(Instant::now() + Duration::from_mins(1)));
        assert!(work.go_on().is_ok());
        work.longest = Duration::from_mins(1);
        assert!(is_late(work.go_on()));
        assert!(is_late(Work::until(Some(Instant::now() + MARGIN_BEFORE_DEADLINE)).go_on()));
        assert!(Work::until(None).go_on().is_ok());
    }

    #[test]
    fn pixels_are_counted_by_what_came() {
        let mut work = Work::until(None);
        work.sent(1);
        let need = |pixels| Need { bytes: 0, pixels };
        assert!(work.take(need((1 << 25) + 64)).is_ok());
        assert!(matches!(work.take(need(1)), Err(Unanswered::Refused(refusal)) if refusal.status == 413));
    }
}
