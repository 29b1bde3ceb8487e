use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Work that waits.
pub(super) trait Item: Sized {
    /// Tells whether it can be done together with these, of which there is at least one.
    fn joins(&self, others: &[Self]) -> bool;

    /// Tells whether anybody still waits for it.
    fn is_wanted(&self) -> bool;
}

/// A bounded queue of work, and the instances that can do it. An instance belongs to one thread at a time, which gives it back.
pub(super) struct Queue<T, C> {
    state: Mutex<State<T, C>>,
    ready: Condvar,
    /// Items that may wait while no instance is free.
    capacity: usize,
}

struct State<T, C> {
    items: VecDeque<T>,
    /// Items that the submitting thread processes itself: no other is woken for them.
    brought: VecDeque<T>,
    /// Reservations without an item yet.
    reserved: usize,
    /// The one that was used last is taken first: its weights are in the processor's cache.
    free: Vec<C>,
    /// Threads that wait for an item and an instance.
    idle: usize,
}

/// A reserved place in the queue.
pub(super) struct Reservation<'q, T, C> {
    queue: &'q Queue<T, C>,
}

impl<T: Item, C> Queue<T, C> {
    /// Makes an empty queue without an instance.
    pub(super) fn new(capacity: usize) -> Self {
        let (items, brought) = (VecDeque::new(), VecDeque::new());
        let state = State { items, brought, reserved: 0, free: Vec::new(), idle: 0 };
        Self { state: Mutex::new(state), ready: Condvar::new(), capacity }
    }

    /// Reserves a place; `None` where the queue is full.
    pub(super) fn reserve(&self) -> Option<Reservation<'_, T, C>> {
        let mut state = self.lock();
        if self.is_full(&state) {
            // Nobody comes back for what was brought and is not wanted any more.
            state.brought.retain(Item::is_wanted);
            if self.is_full(&state) {
                return None;
            }
        }
        state.reserved += 1;
        Some(Reservation { queue: self })
    }

    /// Waits for an item and an instance.
    ///
    /// # Returns
    ///
    /// The items that can be done together with the first, too.
    pub(super) fn pop(&self) -> (Vec<T>, C) {
        let mut state = self.lock();
        loop {
            if !state.items.is_empty()
                && let Some(instance) = state.free.pop()
            {
                let mut together = Vec::new();
                join(&mut state.items, &mut together);
                if state.items.is_empty() {
                    join(&mut state.brought, &mut together);
                }
                return (together, instance);
            }
            state.idle += 1;
            state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
    }

    /// Takes the first item that was brought, with those that can be done together with it, and an instance. Where none is free,
    /// or where items wait for one, all that was brought waits for a thread.
    pub(super) fn take_brought(&self) -> Option<(Vec<T>, C)> {
        let mut state = self.lock();
        state.brought.retain(Item::is_wanted);
        if state.brought.is_empty() {
            return None;
        }
        let instance = if state.items.is_empty() { state.free.pop() } else { None };
        let Some(instance) = instance else {
            let State { items, brought, .. } = &mut *state;
            items.append(brought);
            self.wake(state);
            return None;
        };
        let mut together = Vec::new();
        join(&mut state.brought, &mut together);
        Some((together, instance))
    }

    /// Adds an instance, or gives it back.
    pub(super) fn give(&self, instance: C) {
        let mut state = self.lock();
        state.free.push(instance);
        self.wake(state);
    }

    /// Takes a free instance of some kind from the queue, if there is one.
    pub(super) fn take(&self, is_meant: impl Fn(&C) -> bool) -> Option<C> {
        let mut state = self.lock();
        let position = state.free.iter().position(is_meant)?;
        Some(state.free.swap_remove(position))
    }

    /// The number of items that may wait.
    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    /// The number of items that wait.
    pub(super) fn len(&self) -> usize {
        let state = self.lock();
        state.items.len() + state.brought.iter().filter(|item| item.is_wanted()).count() + state.reserved
    }

    /// A free instance takes one item without a wait.
    fn is_full(&self, state: &State<T, C>) -> bool {
        state.items.len() + state.brought.len() + state.reserved >= self.capacity + state.free.len()
    }

    fn wake(&self, state: MutexGuard<'_, State<T, C>>) {
        let useful = state.idle > 0 && !state.items.is_empty() && !state.free.is_empty();
        drop(state);
        // A system call, even where no thread waits.
        if useful {
            self.ready.notify_one();
        }
    }

    /// Locks the state, under which nothing happens that can panic.
    fn lock(&self) -> MutexGuard<'_, State<T, C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Moves the first items of a queue behind those that they can be done together with; at least one where there is none.
fn join<T: Item>(queue: &mut VecDeque<T>, together: &mut Vec<T>) {
    while let Some(item) = queue.pop_front_if(|item| together.is_empty() || item.joins(together)) {
        together.push(item);
    }
}

impl<T: Item, C> Reservation<'_, T, C> {
    /// Exchanges the reservation for an instance; keeps it where none is free, or where items wait for one.
    pub(super) fn exchange(self) -> Result<C, Self> {
        let mut state = self.queue.lock();
        let instance = if state.items.is_empty() { state.free.pop() } else { None };
        drop(state);
        instance.ok_or(self)
    }

    /// Puts an item in the reserved place, for [`Queue::take_brought`].
    pub(super) fn bring(self, item: T) {
        self.queue.lock().brought.push_back(item);
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
        self.queue.state.lock().unwrap_or_else(PoisonError::into_inner).reserved -= 1;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// Joins up to four numbers of one hundred; below 0 nobody waits for one.
    impl Item for i32 {
        fn joins(&self, others: &[Self]) -> bool {
            others.len() < 4 && others.iter().all(|other| other >= &100 && other / 100 == self / 100)
        }

        fn is_wanted(&self) -> bool {
            *self >= 0
        }
    }

    fn push<T: Item, C>(queue: &Queue<T, C>, item: T) -> bool {
        queue.reserve().map(|reservation| reservation.enqueue(item)).is_some()
    }

    fn with_instances(capacity: usize, instances: usize) -> Queue<i32, usize> {
        let queue = Queue::new(capacity);
        (0..instances).for_each(|instance| queue.give(instance));
        queue
    }

    #[test]
    fn refuses_beyond_its_capacity_and_keeps_the_order() {
        let queue = with_instances(2, 0);
        assert_eq!([1, 2, 3].map(|item| push(&queue, item)), [true, true, false]);
        queue.give(7);
        assert_eq!((queue.len(), queue.pop()), (2, (vec![1], 7)));
        queue.give(7);
        assert_eq!((queue.pop(), queue.len()), ((vec![2], 7), 0));
    }

    #[test]
    fn as_many_more_may_wait_as_copies_are_free() {
        let queue = with_instances(0, 1);
        assert_eq!([1, 2].map(|item| push(&queue, item)), [true, false]);
        assert_eq!(queue.pop(), (vec![1], 0));
        assert!(!push(&queue, 3));
    }

    #[test]
    fn a_reservation_counts_until_it_is_dropped() {
        let queue = with_instances(1, 0);
        let reservation = queue.reserve().unwrap();
        assert_eq!((queue.len(), push(&queue, 1)), (1, false));
        drop(reservation);
        assert_eq!((queue.len(), push(&queue, 1)), (0, true));
    }

    #[test]
    fn a_reservation_is_exchanged_for_a_copy_or_an_item_is_enqueued() {
        let queue = with_instances(1, 1);
        let (first, second) = (queue.reserve().unwrap(), queue.reserve().unwrap());
        assert!(queue.reserve().is_none());
        assert!(matches!(first.exchange(), Ok(0)));
        let Err(second) = second.exchange() else { panic!("there is no second instance") };
        second.enqueue(5);
        assert_eq!(queue.len(), 1);
        queue.give(0);
        assert_eq!((queue.pop(), queue.len()), ((vec![5], 0), 0));
    }

    #[test]
    fn a_copy_is_taken_by_its_kind_and_only_while_it_is_free() {
        let queue = with_instances(1, 3);
        assert_eq!(queue.take(|&instance| instance == 1), Some(1));
        assert_eq!(queue.take(|&instance| instance == 1), None);
        assert!(push(&queue, 5));
        assert_eq!((queue.pop(), queue.take(|_| true), queue.take(|_| true)), ((vec![5], 2), Some(0), None));
    }

    #[test]
    fn a_queued_item_gets_a_copy_before_a_later_reservation() {
        let queue = with_instances(4, 0);
        assert!(push(&queue, 1));
        let reservation = queue.reserve().unwrap();
        queue.give(0);
        let Err(reservation) = reservation.exchange() else { panic!("the item was queued first") };
        reservation.enqueue(2);
        assert_eq!(queue.pop(), (vec![1], 0));
    }

    #[test]
    fn items_that_can_be_done_together_are_taken_at_once_and_in_their_order() {
        let queue = with_instances(20, 0);
        for item in [101, 102, 103, 104, 105, 201, 7, 202, 203] {
            assert!(push(&queue, item));
        }
        let expected = [vec![101, 102, 103, 104], vec![105], vec![201], vec![7], vec![202, 203]];
        for items in expected {
            queue.give(0);
            assert_eq!(queue.pop(), (items, 0));
        }
    }

    #[test]
    fn what_was_brought_is_taken_by_who_comes_first_and_waits_for_a_thread_where_no_copy_is_free() {
        let queue = with_instances(20, 1);
        let bring = |item| queue.reserve().unwrap().bring(item);
        for item in [101, 102, -1, 201] {
            bring(item);
        }
        assert_eq!(queue.len(), 3);
        assert_eq!(queue.take_brought(), Some((vec![101, 102], 0)));
        assert_eq!(queue.take_brought(), None);
        bring(202);
        queue.give(0);
        // 201 waits for a thread since it found no instance; what was brought later joins it.
        assert_eq!(queue.pop(), (vec![201, 202], 0));
        queue.give(0);
        assert_eq!((queue.take_brought(), queue.len()), (None, 0));
    }

    #[test]
    fn what_was_brought_counts_as_waiting() {
        let queue = with_instances(1, 1);
        queue.reserve().unwrap().bring(101);
        queue.reserve().unwrap().bring(102);
        assert!(queue.reserve().is_none());
    }

    #[test]
    fn what_was_brought_and_nobody_waits_for_keeps_no_place() {
        let queue = with_instances(1, 1);
        for _ in 0..3 {
            let (first, second) = (queue.reserve().unwrap(), queue.reserve().unwrap());
            first.bring(-1);
            second.bring(-2);
        }
        queue.reserve().unwrap().bring(101);
        assert_eq!((queue.take_brought(), queue.len()), (Some((vec![101], 0)), 0));
    }

    #[test]
    fn every_item_is_done_once_and_no_two_threads_have_the_same_copy() {
        let queue = Arc::new(Queue::new(1_000));
        let in_use: Arc<Vec<Mutex<()>>> = Arc::new((0..3).map(|_| Mutex::new(())).collect());
        (0..3).for_each(|instance| queue.give(instance));
        let takers: Vec<_> = (0..3)
            .map(|_| {
                let (queue, in_use) = (Arc::clone(&queue), Arc::clone(&in_use));
                std::thread::spawn(move || {
                    let mut taken = Vec::new();
                    loop {
                        let (items, instance): (Vec<i32>, usize) = queue.pop();
                        let held = in_use[instance].try_lock().expect("no other thread has it");
                        std::thread::yield_now();
                        drop(held);
                        queue.give(instance);
                        let ends = items == [-1];
                        taken.extend(items.into_iter().filter(|&item| item >= 0));
                        if ends {
                            return taken;
                        }
                    }
                })
            })
            .collect();
        let mut done = Vec::new();
        for number in 0..500 {
            let reservation = queue.reserve().unwrap();
            match reservation.exchange() {
                Ok(instance) => {
                    let held = in_use[instance].try_lock().expect("no other thread has it");
                    done.push(number);
                    drop(held);
                    queue.give(instance);
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
