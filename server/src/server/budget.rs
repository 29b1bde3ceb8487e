use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::header::HeaderMap;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::MissedTickBehavior;

use super::failure::Failure;

/// Unit of the count, in bytes: the permits of a semaphore have 32 bits.
const UNIT: usize = 1 << 10;
/// Of each request, besides its bytes.
const REQUEST: usize = 4 << 10;
/// Of each header of a request.
const HEADER: usize = 256;
/// How often it is looked at whether free memory can be given back.
const TICK: Duration = Duration::from_secs(1);
/// Bytes that requests must have taken for that at one moment, and no longer take.
const MUCH: usize = 8 << 20;

/// The memory that all requests in flight may take: bodies as received and unzipped, tensors, and answers that are not yet
/// written. Each request takes what it needs before it allocates, and is refused where that is not there.
pub(super) struct Budget {
    units: Arc<Semaphore>,
    bytes: usize,
    /// Much was taken since memory was given back.
    was_much: Arc<AtomicBool>,
}

impl Budget {
    /// Makes a budget of which nothing is taken.
    pub(super) fn new(bytes: usize) -> Self {
        Self { units: Arc::new(Semaphore::new(bytes / UNIT)), bytes, was_much: Arc::default() }
    }

    /// Takes what a request needs before its body is read.
    pub(super) fn share(&self, headers: &HeaderMap) -> Result<Share, Failure> {
        let none = Arc::clone(&self.units).try_acquire_many_owned(0).map_err(|_| Failure::full())?;
        let was_much = Arc::clone(&self.was_much);
        let mut share = Share { permit: none, bytes: 0, most: self.bytes, was_much, deadline: None };
        share.take(REQUEST + HEADER * headers.len())?;
        Ok(share)
    }

    /// Gives free memory back to the system whenever much was taken before: the allocator keeps what lies between blocks
    /// that are in use.
    ///
    /// It also keeps a timer that is earlier than those of requests and idle connections: one that were the earliest would
    /// wake a thread by a call to the system, with each request.
    pub(super) async fn give_back(&self, free: fn()) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let is_much = self.taken() > MUCH;
            if self.was_much.swap(is_much, Ordering::Relaxed) && !is_much {
                // It takes milliseconds, which threads with connections do not have.
                let _ = tokio::task::spawn_blocking(free).await;
            }
        }
    }

    /// The bytes that are taken.
    pub(super) fn taken(&self) -> usize {
        self.bytes - self.units.available_permits() * UNIT
    }
}

/// The memory that one request has taken, until this is dropped.
#[derive(Debug)]
pub(super) struct Share {
    permit: OwnedSemaphorePermit,
    bytes: usize,
    most: usize,
    was_much: Arc<AtomicBool>,
    deadline: Option<Instant>,
}

impl Share {
    /// Sets when the request times out.
    pub(super) fn until(&mut self, deadline: Instant) {
        self.deadline = Some(deadline);
    }

    /// Takes so many bytes more for what takes time, such as a picture; nothing when the request has timed out.
    pub(super) fn take_in_time(&mut self, bytes: usize) -> Result<(), Failure> {
        if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(Failure::timed_out());
        }
        self.take(bytes)
    }

    /// Takes so many bytes more.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), Failure> {
        let bytes = self.bytes.saturating_add(bytes);
        if bytes > self.most {
            return Err(Failure::too_much_memory(bytes, self.most));
        }
        let more = bytes.div_ceil(UNIT).saturating_sub(self.permit.num_permits());
        if more > 0 {
            let units = Arc::clone(self.permit.semaphore());
            self.permit.merge(units.try_acquire_many_owned(more as u32).map_err(|_| Failure::full())?);
        }
        self.bytes = bytes;
        if bytes > MUCH {
            self.was_much.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Gives back all but so many bytes.
    pub(super) fn keep(&mut self, bytes: usize) {
        self.bytes = bytes.min(self.bytes);
        let unused = self.permit.num_permits() - self.bytes.div_ceil(UNIT).min(self.permit.num_permits());
        drop(self.permit.split(unused));
    }

    /// Keeps what the bytes of an answer take until they are written.
    pub(super) fn hold(mut self, mut answer: Vec<u8>) -> Bytes {
        if answer.capacity() - answer.len() > UNIT {
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
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take(bytes)
    }

    /// Takes so many bytes more, unless the request has timed out.
    pub(super) fn take_in_time(&self, bytes: usize) -> Result<(), Failure> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take_in_time(bytes)
    }

    /// Gives back all but so many bytes.
    pub(super) fn keep(&self, bytes: usize) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).keep(bytes);
    }

    /// Keeps the share until the bytes are written.
    pub(super) fn hold(&self, bytes: Bytes) -> Bytes {
        Bytes::from_owner(Held { bytes, _share: self.clone() })
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
        let mut share = budget.share(&HeaderMap::new()).unwrap();
        share.keep(0);
        share
    }

    #[test]
    fn what_others_have_taken_is_refused_until_they_give_it_back() {
        let budget = Budget::new(10 * UNIT);
        let (mut first, mut second) = (share(&budget), share(&budget));
        first.take(6 * UNIT + 1).unwrap();
        assert_eq!(second.take(4 * UNIT).unwrap_err().status, 503);
        second.take(3 * UNIT).unwrap();
        assert_eq!(budget.taken(), 10 * UNIT);
        first.keep(UNIT);
        second.take(6 * UNIT).unwrap();
        drop((first, second));
        assert_eq!(budget.taken(), 0);
    }

    #[test]
    fn what_no_request_can_have_is_its_own_fault() {
        let budget = Budget::new(10 * UNIT);
        assert_eq!(share(&budget).take(10 * UNIT + 1).unwrap_err().status, 413);
        assert_eq!(share(&budget).take(usize::MAX).unwrap_err().status, 413);
        assert_eq!(budget.taken(), 0);
    }

    #[test]
    fn an_answer_keeps_its_bytes_until_it_is_dropped() {
        let budget = Budget::new(100 * UNIT);
        let mut taken = share(&budget);
        taken.take(50 * UNIT).unwrap();
        let answer = taken.hold(vec![0; 3 * UNIT]);
        let part = answer.slice(1..2);
        drop(answer);
        assert_eq!(budget.taken(), 3 * UNIT);
        drop(part);
        assert_eq!(budget.taken(), 0);
    }
}
