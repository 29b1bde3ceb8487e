use std::sync::{Arc, Weak};
use std::time::Instant;

use super::failure::Failure;
use crate::allowance::Allowance;
use crate::rest::Pixels;

/// The work that one request may cause before the model runs.
#[derive(Debug)]
pub(super) struct Work {
    deadline: Option<Instant>,
    /// Dropped by whoever waits for the answer, where that is looked at.
    caller: Option<Weak<()>>,
    /// Bytes, as they came.
    sent: usize,
    is_compressed: bool,
    /// Allowance of a compressed request, once the thread that reads it has begun.
    allowance: Option<Allowance>,
    pixels: Pixels,
}

impl Work {
    /// Allows all that a request without bytes may have.
    pub(super) fn new() -> Self {
        let pixels = Pixels::of(0);
        Self { deadline: None, caller: None, sent: 0, is_compressed: false, allowance: None, pixels }
    }

    /// Sets when the request times out.
    pub(super) fn until(&mut self, deadline: Instant) {
        self.deadline = Some(deadline);
    }

    /// Sets how many bytes came.
    pub(super) fn sent(&mut self, bytes: usize) {
        (self.sent, self.pixels) = (bytes, Pixels::of(bytes));
    }

    /// Ends the work when what this returns is dropped.
    pub(super) fn caller(&mut self) -> Arc<()> {
        let caller = Arc::new(());
        self.caller = Some(Arc::downgrade(&caller));
        caller
    }

    /// Looks for nobody any more.
    pub(super) fn forget_caller(&mut self) {
        self.caller = None;
    }

    /// Notes that more has to be read than came.
    pub(super) fn uncompressed(&mut self) {
        self.is_compressed = true;
    }

    /// Returns how many bytes came, where the values of the request are more.
    pub(super) fn unsent(&self, values: usize) -> Option<usize> {
        (self.is_compressed || values > self.sent).then_some(self.sent)
    }

    /// Takes the pixels of an image, or none, as long as the answer is wanted and can come in time.
    pub(super) fn take(&mut self, pixels: usize) -> Result<(), Failure> {
        let is_late = self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        if is_late || self.caller.as_ref().is_some_and(|caller| caller.strong_count() == 0) {
            return Err(Failure::timed_out());
        }
        let sent = self.sent;
        if self.is_compressed && !self.allowance.get_or_insert_with(|| Allowance::starting(sent)).is_left() {
            return Err(Failure::unsent(sent));
        }
        Ok(self.pixels.take(pixels)?)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::image::MOST_PIXELS;

    #[test]
    fn work_ends_at_the_deadline_and_when_the_caller_has_gone() {
        let mut work = Work::new();
        work.until(Instant::now() + Duration::from_mins(1));
        let caller = work.caller();
        assert_eq!(work.take(1), Ok(()));
        drop(caller);
        assert_eq!(work.take(1).unwrap_err().status, 504);
        let mut late = Work::new();
        late.until(Instant::now());
        assert_eq!(late.take(0).unwrap_err().status, 504);
    }

    #[test]
    fn pixels_are_counted_by_what_came() {
        let mut work = Work::new();
        work.sent(10);
        assert_eq!(work.take(MOST_PIXELS + 640), Ok(()));
        assert_eq!(work.take(1).unwrap_err().status, 413);
    }

    #[test]
    fn more_values_than_bytes_and_compressed_ones_were_not_all_sent() {
        let mut work = Work::new();
        work.sent(10);
        assert_eq!([work.unsent(10), work.unsent(11)], [None, Some(10)]);
        work.uncompressed();
        assert_eq!(work.unsent(0), Some(10));
        drop(work.caller());
        assert_eq!(work.take(0).unwrap_err().status, 504);
        work.forget_caller();
        assert_eq!(work.take(0), Ok(()));
    }
}
