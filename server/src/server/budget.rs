use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::header::{HeaderMap, HeaderValue};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::MissedTickBehavior;

use super::failure::Failure;
use super::work::Work;
use crate::litert::{keep_ends_of_heaps, return_free_blocks};
use crate::rest::Need;

/// Unit of the count, in bytes: the permits of a semaphore have 32 bits.
const UNIT_BYTES: usize = 1 << 10;
/// Memory of each request besides its bytes.
pub(super) const BYTES_PER_REQUEST: usize = 4 << 10;
/// Memory of each header of a request besides its bytes.
const BYTES_PER_HEADER: usize = 256;
/// Pause between two looks for free memory that can be given back.
const RETURN_INTERVAL: Duration = Duration::from_secs(1);
/// Bytes of one request from which on what is free is given back when it has ended.
const LARGE_REQUEST_BYTES: usize = 8 << 20;
/// Bytes of all requests from which on it is, too: ordinary ones find the memory of those before.
const LARGE_TOTAL_BYTES: usize = 48 << 20;

/// The memory that all requests in flight may take: bodies as received and unzipped, tensors, and answers that are not yet
/// written. Each request takes what it needs before it allocates, and is refused where that is not there.
pub(super) struct Budget {
    units: Arc<Semaphore>,
    bytes: usize,
    /// Much was taken since the last tick.
    was_much: Arc<AtomicBool>,
}

impl Budget {
    /// Makes a budget of which nothing is taken.
    pub(super) fn new(bytes: usize) -> Self {
        Self { units: Arc::new(Semaphore::new(bytes / UNIT_BYTES)), bytes, was_much: Arc::default() }
    }

    /// Takes what a request needs before its body is read.
    ///
    /// # Arguments
    ///
    /// * `request`: bytes besides its headers.
    pub(super) fn share(&self, headers: &HeaderMap, request: usize) -> Result<Share, Failure> {
        let none = Arc::clone(&self.units).try_acquire_many_owned(0).map_err(|_| Failure::full())?;
        let was_much = Arc::clone(&self.was_much);
        let mut share = Share { permit: none, bytes: 0, most: self.bytes, was_much, work: Work::new(), _places: None };
        let values: usize = headers.values().map(HeaderValue::len).sum();
        share.take(request + BYTES_PER_HEADER * headers.len() + values)?;
        Ok(share)
    }

    /// Gives free memory back to the system whenever much was taken before, and is not any more: the allocator keeps what
    /// lies between blocks that are in use.
    ///
    /// It also keeps a timer that is earlier than those of requests and idle connections: one that were the earliest would
    /// wake a thread by a call to the system, with each request.
    ///
    /// # Arguments
    ///
    /// * `is_crowded`: tells whether much is taken that is not counted here.
    pub(super) async fn give_back(&self, is_crowded: impl Fn() -> bool) {
        let mut ticks = tokio::time::interval(RETURN_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut was_quiet, mut is_due) = (true, false);
        loop {
            ticks.tick().await;
            let is_quiet =
                !self.was_much.swap(false, Ordering::Relaxed) && self.taken() <= LARGE_REQUEST_BYTES && !is_crowded();
            is_due |= !is_quiet;
            // A tick later: a request's share is given back a moment before the last of its blocks.
            if is_due && is_quiet && was_quiet {
                is_due = false;
                keep_ends_of_heaps(true);
                // It takes milliseconds, which threads with connections do not have.
                let _ = tokio::task::spawn_blocking(return_free_blocks).await;
            }
            was_quiet = is_quiet;
        }
    }

    /// The bytes that are taken.
    pub(super) fn taken(&self) -> usize {
        self.bytes - self.units.available_permits() * UNIT_BYTES
    }
}

/// The memory that one request has taken, until this is dropped.
#[derive(Debug)]
pub(super) struct Share {
    permit: OwnedSemaphorePermit,
    bytes: usize,
    most: usize,
    was_much: Arc<AtomicBool>,
    work: Work,
    /// Given back with the memory.
    _places: Option<[OwnedSemaphorePermit; 2]>,
}

impl Share {
    /// Keeps places among calls, too.
    pub(super) fn with(self, places: Option<[OwnedSemaphorePermit; 2]>) -> Self {
        Self { _places: places, ..self }
    }

    /// Sets when the request times out.
    pub(super) fn until(&mut self, deadline: Instant) {
        self.work.until(deadline);
    }

    /// Sets how many bytes of the request came.
    pub(super) fn sent(&mut self, bytes: usize) {
        self.work.sent(bytes);
    }

    /// Ends the request's work when what this returns is dropped.
    pub(super) fn caller(&mut self) -> Arc<()> {
        self.work.caller()
    }

    /// Looks for nobody any more.
    pub(super) fn forget_caller(&mut self) {
        self.work.forget_caller();
    }

    /// Notes that what came was uncompressed.
    pub(super) fn uncompressed(&mut self) {
        self.work.uncompressed();
    }

    /// Takes more for what takes time, such as an image; nothing when nobody waits for the answer.
    pub(super) fn take_in_time(&mut self, Need { bytes, pixels }: Need) -> Result<(), Failure> {
        self.work.take(pixels)?;
        self.take(bytes)
    }

    /// Takes so many bytes more.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), Failure> {
        let bytes = self.bytes.saturating_add(bytes);
        if bytes > self.most {
            return Err(Failure::too_much_memory(bytes, self.most));
        }
        let more = bytes.div_ceil(UNIT_BYTES).saturating_sub(self.permit.num_permits());
        if more > 0 {
            let units = Arc::clone(self.permit.semaphore());
            self.permit.merge(units.try_acquire_many_owned(more as u32).map_err(|_| Failure::full())?);
        }
        self.bytes = bytes;
        let of_all = self.most - self.permit.semaphore().available_permits() * UNIT_BYTES;
        if (bytes > LARGE_REQUEST_BYTES || of_all > LARGE_TOTAL_BYTES) && !self.was_much.swap(true, Ordering::Relaxed) {
            keep_ends_of_heaps(false);
        }
        Ok(())
    }

    /// Gives back all but so many bytes.
    pub(super) fn keep(&mut self, bytes: usize) {
        self.bytes = bytes.min(self.bytes);
        let unused = self.permit.num_permits() - self.bytes.div_ceil(UNIT_BYTES).min(self.permit.num_permits());
        drop(self.permit.split(unused));
    }

    /// Keeps what the bytes of an answer take until they are written.
    pub(super) fn hold(mut self, mut answer: Vec<u8>) -> Bytes {
        if answer.capacity() - answer.len() > UNIT_BYTES {
            answer.shrink_to_fit();
        }
        self.keep(answer.capacity());
        Bytes::from_owner(Held { bytes: answer, _share: self })
    }
}

/// A share that the handler of a request and the parts of its answer have in common.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<Share>>);

impl Shared {
    pub(super) fn new(share: Share) -> Self {
        Self(Arc::new(Mutex::new(share)))
    }

    /// Takes so many bytes more.
    pub(super) fn take(&self, bytes: usize) -> Result<(), Failure> {
        self.lock().take(bytes)
    }

    /// Takes more for what takes time, unless nobody waits for the answer.
    pub(super) fn take_in_time(&self, need: Need) -> Result<(), Failure> {
        self.lock().take_in_time(need)
    }

    /// Ends the request's work when what this returns is dropped.
    pub(super) fn caller(&self) -> Arc<()> {
        self.lock().caller()
    }

    /// Returns how many bytes came, where the values of the request are more.
    pub(super) fn unsent(&self, values: usize) -> Option<usize> {
        self.lock().work.unsent(values)
    }

    /// Gives back all but so many bytes.
    pub(super) fn keep(&self, bytes: usize) {
        self.lock().keep(bytes);
    }

    /// Keeps the share until the bytes are written.
    pub(super) fn hold(&self, bytes: Bytes) -> Bytes {
        Bytes::from_owner(Held { bytes, _share: self.clone() })
    }

    fn lock(&self) -> MutexGuard<'_, Share> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Held<B, S> {
    bytes: B,
    _share: S,
}

impl<B: AsRef<[u8]>, S> AsRef<[u8]> for Held<B, S> {
    fn as_ref(&self) -> &[u8] {
        self.bytes.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(budget: &Budget) -> Share {
        let mut share = budget.share(&HeaderMap::new(), BYTES_PER_REQUEST).unwrap();
        share.keep(0);
        share
    }

    #[test]
    fn what_others_have_taken_is_refused_until_they_give_it_back() {
        let budget = Budget::new(10 * UNIT_BYTES);
        let (mut first, mut second) = (share(&budget), share(&budget));
        first.take(6 * UNIT_BYTES + 1).unwrap();
        assert_eq!(second.take(4 * UNIT_BYTES).unwrap_err().status, 503);
        second.take(3 * UNIT_BYTES).unwrap();
        assert_eq!(budget.taken(), 10 * UNIT_BYTES);
        first.keep(UNIT_BYTES);
        second.take(6 * UNIT_BYTES).unwrap();
        drop((first, second));
        assert_eq!(budget.taken(), 0);
    }

    #[test]
    fn what_no_request_can_have_is_its_own_fault() {
        let budget = Budget::new(10 * UNIT_BYTES);
        assert_eq!(share(&budget).take(10 * UNIT_BYTES + 1).unwrap_err().status, 413);
        assert_eq!(share(&budget).take(usize::MAX).unwrap_err().status, 413);
        assert_eq!(budget.taken(), 0);
    }

    #[test]
    fn an_answer_keeps_its_bytes_until_it_is_dropped() {
        let budget = Budget::new(100 * UNIT_BYTES);
        let mut taken = share(&budget);
        taken.take(50 * UNIT_BYTES).unwrap();
        let answer = taken.hold(vec![0; 3 * UNIT_BYTES]);
        let part = answer.slice(1..2);
        drop(answer);
        assert_eq!(budget.taken(), 3 * UNIT_BYTES);
        drop(part);
        assert_eq!(budget.taken(), 0);
    }
}
