use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;

/// Time that a client may take to read an answer; as much again can pass until that is noticed.
const READ_TIMEOUT: Duration = Duration::from_secs(20);
/// Answers of one connection, before those that were written are forgotten.
const ANSWERS_BEFORE_CLEANUP: usize = 256;

/// The answers of one connection that are not yet written.
#[derive(Clone, Default)]
pub(super) struct Unread(Arc<Mutex<Answers>>);

/// Answers: the time at which each was added, and whether its bytes are still there.
type Answers = VecDeque<(Instant, Weak<()>)>;

struct Tracked {
    bytes: Bytes,
    _token: Arc<()>,
}

impl AsRef<[u8]> for Tracked {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Unread {
    /// Adds an answer, until the bytes that this returns are dropped.
    pub(super) fn add(&self, bytes: Bytes) -> Bytes {
        let token = Arc::new(());
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= ANSWERS_BEFORE_CLEANUP {
            answers.retain(|(_, token)| token.strong_count() > 0);
        }
        answers.push_back((Instant::now(), Arc::downgrade(&token)));
        drop(answers);
        Bytes::from_owner(Tracked { bytes, _token: token })
    }

    /// Returns when the client has not read an answer in time.
    pub(super) async fn overdue(self) {
        loop {
            tokio::time::sleep(READ_TIMEOUT).await;
            if self.oldest().is_some_and(|oldest| oldest.elapsed() >= READ_TIMEOUT) {
                return;
            }
        }
    }

    fn oldest(&self) -> Option<Instant> {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while answers.front().is_some_and(|(_, token)| token.strong_count() == 0) {
            answers.pop_front();
        }
        answers.front().map(|&(added, _)| added)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_the_first_that_is_not_dropped() {
        let unread = Unread::default();
        let [first, second, third] = [b"1", b"2", b"3"].map(|bytes| unread.add(Bytes::from_static(bytes)));
        let added: Vec<Instant> = unread.0.lock().unwrap().iter().map(|&(added, _)| added).collect();
        drop(second);
        assert_eq!(unread.oldest(), Some(added[0]));
        drop(first);
        assert_eq!(unread.oldest(), Some(added[2]));
        drop(third.slice(..0));
        drop(third);
        assert_eq!(unread.oldest(), None);
    }

    #[test]
    fn answers_that_were_written_are_forgotten_behind_one_that_was_not() {
        let unread = Unread::default();
        let kept = unread.add(Bytes::from_static(b"1"));
        (0..10 * ANSWERS_BEFORE_CLEANUP).for_each(|_| drop(unread.add(Bytes::from_static(b"2"))));
        assert!(unread.0.lock().unwrap().len() <= ANSWERS_BEFORE_CLEANUP);
        assert_eq!(kept, "1");
    }
}
