use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TryRecvError;

/// The most that wait.
const MOST_ITEMS: usize = 4096;
/// The most that all that wait take, in bytes.
const MOST_BYTES: usize = 16 << 20;

/// Takes items without ever waiting.
pub(super) struct Sender<T> {
    items: mpsc::Sender<(T, usize)>,
    bytes: Arc<AtomicUsize>,
}

/// End of the queue at which the items arrive.
pub(super) struct Receiver<T> {
    items: mpsc::Receiver<(T, usize)>,
    bytes: Arc<AtomicUsize>,
}

/// The next item of a queue.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next<T> {
    Item(T),
    /// The queue is empty at this moment.
    Nothing,
    /// The queue is closed and empty.
    End,
}

/// Makes a queue that is bounded in items and in bytes.
pub(super) fn bounded<T>() -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = mpsc::channel(MOST_ITEMS);
    let bytes = Arc::new(AtomicUsize::new(0));
    (Sender { items: sender, bytes: Arc::clone(&bytes) }, Receiver { items: receiver, bytes })
}

impl<T> Sender<T> {
    /// Adds an item, which is made only if there is room for it. Returns whether there was.
    pub(super) fn offer(&self, size: usize, make: impl FnOnce() -> T) -> bool {
        let Ok(place) = self.items.try_reserve() else {
            return false;
        };
        if self.bytes.fetch_add(size, Ordering::Relaxed) + size > MOST_BYTES {
            self.bytes.fetch_sub(size, Ordering::Relaxed);
            return false;
        }
        place.send((make(), size));
        true
    }
}

impl<T> Receiver<T> {
    /// Returns the next item, if one is there. It is never waited for: a sender that had to wake a waiting thread would
    /// take longer than for anything else.
    pub(super) fn next(&mut self) -> Next<T> {
        match self.items.try_recv() {
            Ok((item, size)) => {
                self.bytes.fetch_sub(size, Ordering::Relaxed);
                Next::Item(item)
            }
            Err(TryRecvError::Empty) => Next::Nothing,
            Err(TryRecvError::Disconnected) => Next::End,
        }
    }

    /// Takes no further items. Those that wait can still be read.
    pub(super) fn close(&mut self) {
        self.items.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_no_more_items_than_its_bound_and_further_ones_when_some_were_read() {
        let (sender, mut receiver) = bounded();
        assert!((0..MOST_ITEMS).all(|item| sender.offer(1, || item)));
        assert!(!sender.offer(1, || panic!("there is no room")));
        assert_eq!(receiver.next(), Next::Item(0));
        assert!(sender.offer(1, || 1));
    }

    #[test]
    fn takes_no_more_bytes_than_its_bound_and_further_ones_when_some_were_read() {
        let (sender, mut receiver) = bounded();
        assert!(sender.offer(MOST_BYTES - 1, || "large"));
        assert!(!sender.offer(2, || panic!("there is no room")));
        assert!(sender.offer(1, || "small"));
        assert_eq!(receiver.next(), Next::Item("large"));
        assert!(sender.offer(2, || "next"));
    }

    #[test]
    fn a_closed_queue_gives_what_it_has_and_takes_nothing() {
        let (sender, mut receiver) = bounded();
        assert_eq!(receiver.next(), Next::Nothing);
        assert!(sender.offer(1, || "last"));
        receiver.close();
        assert!(!sender.offer(1, || panic!("it is closed")));
        assert_eq!((receiver.next(), receiver.next()), (Next::Item("last"), Next::End));
    }
}
