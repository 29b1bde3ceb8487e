use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A bounded queue of work, and the copies that can do it. A copy belongs to one thread at a time, which gives it back.
pub(super) struct Queue<T, C> {
    state: Mutex<State<T, C>>,
    ready: Condvar,
    /// Items that may wait while no copy is free.
    capacity: usize,
}

struct State<T, C> {
    items: VecDeque<T>,
    /// Reservations without an item yet.
    reserved: usize,
    /// The one that was used last is taken first: its weights are in the processor's cache.
    free: Vec<C>,
    /// Threads that wait for an item and a copy.
    idle: usize,
}

/// A reserved place in the queue.
pub(super) struct Reservation<'q, T, C> {
    queue: &'q Queue<T, C>,
}

impl<T, C> Queue<T, C> {
    /// Makes an empty queue without a copy.
    pub(super) fn new(capacity: usize) -> Self {
        let state = State { items: VecDeque::new(), reserved: 0, free: Vec::new(), idle: 0 };
        Self { state: Mutex::new(state), ready: Condvar::new(), capacity }
    }

    /// Reserves a place; `None` where the queue is full.
    pub(super) fn reserve(&self) -> Option<Reservation<'_, T, C>> {
        let mut state = self.lock();
        if self.is_full(&state) {
            return None;
        }
        state.reserved += 1;
        Some(Reservation { queue: self })
    }

    /// Waits for an item and a copy.
    pub(super) fn pop(&self) -> (T, C) {
        let mut state = self.lock();
        loop {
            if !state.items.is_empty()
                && let Some(copy) = state.free.pop()
            {
                let item = state.items.pop_front().expect("there is one");
                return (item, copy);
            }
            state.idle += 1;
            state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
    }

    /// Adds a copy, or gives it back.
    pub(super) fn give(&self, copy: C) {
        let mut state = self.lock();
        state.free.push(copy);
        self.wake(state);
    }

    /// The number of items that may wait.
    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    /// The number of items that wait.
    pub(super) fn len(&self) -> usize {
        let state = self.lock();
        state.items.len() + state.reserved
    }

    /// A free copy takes one item without a wait.
    fn is_full(&self, state: &State<T, C>) -> bool {
        state.items.len() + state.reserved >= self.capacity + state.free.len()
    }

    fn wake(&self, state: MutexGuard<'_, State<T, C>>) {
        let useful = state.idle > 0 && !state.items.is_empty() && !state.free.is_empty();
        drop(state);
        // A system call, even where no thread waits.
        if useful {
            self.ready.notify_one();
        }
    }

    /// Nothing that can panic happens under the lock.
    fn lock(&self) -> MutexGuard<'_, State<T, C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T, C> Reservation<'_, T, C> {
    /// Exchanges the reservation for a copy; keeps it where none is free, or where items wait for one.
    pub(super) fn exchange(self) -> Result<C, Self> {
        let mut state = self.queue.lock();
        let copy = if state.items.is_empty() { state.free.pop() } else { None };
        drop(state);
        copy.ok_or(self)
    }

    /// Puts an item in the reserved place, for a thread that waits.
    pub(super) fn enqueue(self, item: T) {
        self.queue.lock().items.push_back(item);
        let queue = self.queue;
        drop(self);
        queue.wake(queue.lock());
    }
}

impl<T, C> Drop for Reservation<'_, T, C> {
    fn drop(&mut self) {
        self.queue.lock().reserved -= 1;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn push<T, C>(queue: &Queue<T, C>, item: T) -> bool {
        queue.reserve().map(|reservation| reservation.enqueue(item)).is_some()
    }

    fn with_copies(capacity: usize, copies: usize) -> Queue<i32, usize> {
        let queue = Queue::new(capacity);
        (0..copies).for_each(|copy| queue.give(copy));
        queue
    }

    #[test]
    fn refuses_beyond_its_capacity_and_keeps_the_order() {
        let queue = with_copies(2, 0);
        assert_eq!([1, 2, 3].map(|item| push(&queue, item)), [true, true, false]);
        queue.give(7);
        assert_eq!((queue.len(), queue.pop()), (2, (1, 7)));
        queue.give(7);
        assert_eq!((queue.pop(), queue.len()), ((2, 7), 0));
    }

    #[test]
    fn as_many_more_may_wait_as_copies_are_free() {
        let queue = with_copies(0, 1);
        assert_eq!([1, 2].map(|item| push(&queue, item)), [true, false]);
        assert_eq!(queue.pop(), (1, 0));
        assert!(!push(&queue, 3));
    }

    #[test]
    fn a_reservation_counts_until_it_is_dropped() {
        let queue = with_copies(1, 0);
        let reservation = queue.reserve().unwrap();
        assert_eq!((queue.len(), push(&queue, 1)), (1, false));
        drop(reservation);
        assert_eq!((queue.len(), push(&queue, 1)), (0, true));
    }

    #[test]
    fn a_reservation_is_exchanged_for_a_copy_or_an_item_is_enqueued() {
        let queue = with_copies(1, 1);
        let (first, second) = (queue.reserve().unwrap(), queue.reserve().unwrap());
        assert!(queue.reserve().is_none());
        assert!(matches!(first.exchange(), Ok(0)));
        let Err(second) = second.exchange() else { panic!("there is no second copy") };
        second.enqueue(5);
        assert_eq!(queue.len(), 1);
        queue.give(0);
        assert_eq!((queue.pop(), queue.len()), ((5, 0), 0));
    }

    #[test]
    fn a_queued_item_gets_a_copy_before_a_later_reservation() {
        let queue = with_copies(4, 0);
        assert!(push(&queue, 1));
        let reservation = queue.reserve().unwrap();
        queue.give(0);
        let Err(reservation) = reservation.exchange() else { panic!("the item was queued first") };
        reservation.enqueue(2);
        assert_eq!(queue.pop(), (1, 0));
    }

    #[test]
    fn every_item_is_done_once_and_no_two_threads_have_the_same_copy() {
        let queue = Arc::new(Queue::new(1_000));
        let in_use: Arc<Vec<Mutex<()>>> = Arc::new((0..3).map(|_| Mutex::new(())).collect());
        (0..3).for_each(|copy| queue.give(copy));
        let takers: Vec<_> = (0..3)
            .map(|_| {
                let (queue, in_use) = (Arc::clone(&queue), Arc::clone(&in_use));
                std::thread::spawn(move || {
                    let mut taken = Vec::new();
                    loop {
                        let (item, copy): (i32, usize) = queue.pop();
                        let held = in_use[copy].try_lock().expect("no other thread has it");
                        std::thread::yield_now();
                        drop(held);
                        queue.give(copy);
                        if item < 0 {
                            return taken;
                        }
                        taken.push(item);
                    }
                })
            })
            .collect();
        let mut done = Vec::new();
        for number in 0..500 {
            let reservation = queue.reserve().unwrap();
            match reservation.exchange() {
                Ok(copy) => {
                    let held = in_use[copy].try_lock().expect("no other thread has it");
                    done.push(number);
                    drop(held);
                    queue.give(copy);
                }
                Err(reservation) => reservation.enqueue(number),
            }
            if number % 3 == 0 {
                assert!(push(&queue, 1_000 + number));
            }
        }
        for _ in &takers {
            assert!(push(&queue, -1));
        }
        done.extend(takers.into_iter().flat_map(|taker| taker.join().unwrap()));
        done.sort_unstable();
        let expected: Vec<_> = (0..500).chain((0..500).step_by(3).map(|number| 1_000 + number)).collect();
        assert_eq!((done, queue.len()), (expected, 0));
    }
}
