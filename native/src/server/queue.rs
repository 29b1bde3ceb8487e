use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A queue of bounded length: who comes when it is full is turned away at once, who takes waits.
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    filled: Condvar,
    /// Items that may wait while nobody is there to take them.
    capacity: usize,
}

struct State<T> {
    items: VecDeque<T>,
    /// Threads that wait for an item.
    idle: usize,
}

impl<T> Queue<T> {
    /// Makes an empty queue.
    pub(super) fn new(capacity: usize) -> Self {
        Self { state: Mutex::new(State { items: VecDeque::new(), idle: 0 }), filled: Condvar::new(), capacity }
    }

    /// Adds an item; returns it where the queue is full.
    pub(super) fn push(&self, item: T) -> Result<(), T> {
        let mut state = self.lock();
        // An idle thread takes one item without a wait.
        if state.items.len() >= self.capacity + state.idle {
            return Err(item);
        }
        state.items.push_back(item);
        let wake = state.idle > 0;
        drop(state);
        // Waking is a call to the system, even with nobody there.
        if wake {
            self.filled.notify_one();
        }
        Ok(())
    }

    /// Waits for an item.
    pub(super) fn pop(&self) -> T {
        let mut state = self.lock();
        loop {
            if let Some(item) = state.items.pop_front() {
                return item;
            }
            state.idle += 1;
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
    }

    /// The number of items that wait.
    pub(super) fn len(&self) -> usize {
        self.lock().items.len()
    }

    /// Nothing that can panic happens under the lock.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn turns_away_beyond_its_capacity_and_keeps_the_order() {
        let queue = Queue::new(2);
        assert_eq!([queue.push(1), queue.push(2), queue.push(3)], [Ok(()), Ok(()), Err(3)]);
        assert_eq!((queue.len(), queue.pop(), queue.pop(), queue.len()), (2, 1, 2, 0));
    }

    #[test]
    fn every_item_is_taken_once_by_several_threads() {
        let queue = Arc::new(Queue::new(1_000));
        let takers: Vec<_> = (0..4)
            .map(|_| {
                let queue = Arc::clone(&queue);
                std::thread::spawn(move || std::iter::from_fn(|| queue.pop()).collect::<Vec<i32>>())
            })
            .collect();
        for number in 0..500 {
            queue.push(Some(number)).unwrap();
        }
        for _ in &takers {
            queue.push(None).unwrap();
        }
        let mut taken: Vec<_> = takers.into_iter().flat_map(|taker| taker.join().unwrap()).collect();
        taken.sort_unstable();
        assert_eq!(taken, (0..500).collect::<Vec<_>>());
    }

    #[test]
    fn without_capacity_only_an_idle_thread_is_given_an_item() {
        let queue = Arc::new(Queue::new(0));
        assert_eq!(queue.push(1), Err(1));
        let taker = std::thread::spawn({
            let queue = Arc::clone(&queue);
            move || queue.pop()
        });
        while queue.push(2).is_err() {
            std::thread::yield_now();
        }
        assert_eq!(taker.join().unwrap(), 2);
    }
}
