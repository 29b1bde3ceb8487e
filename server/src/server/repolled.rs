use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Polls in a row, before other tasks have their turn.
const MOST_POLLS_IN_A_ROW: usize = 4;

/// Nothing has woken the future since it returned.
const IDLE: u8 = 0;
/// The future is being polled.
const POLLED: u8 = 1;
/// The future has to be polled again.
const WOKEN: u8 = 2;

/// A future that is polled again at once if it is woken while it is polled, as a connection is when its service takes a
/// body that it has read. Tokio would queue the task and, by a call to the system, wake another thread that may take it.
pub(super) struct Repolled<F> {
    future: Pin<Box<F>>,
    waker: Waker,
    wakes: Arc<Wakes>,
}

struct Wakes {
    state: AtomicU8,
    /// Waker of the task that polled last.
    task: Mutex<Waker>,
}

impl<F: Future> Repolled<F> {
    /// Wraps a future.
    pub(super) fn new(future: F) -> Self {
        let wakes = Arc::new(Wakes { state: AtomicU8::new(IDLE), task: Mutex::new(Waker::noop().clone()) });
        Self { future: Box::pin(future), waker: Arc::clone(&wakes).into(), wakes }
    }
}

impl<F: Future> Future for Repolled<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Self { future, waker, wakes } = &mut *self;
        wakes.task.lock().unwrap_or_else(PoisonError::into_inner).clone_from(context.waker());
        for _ in 0..MOST_POLLS_IN_A_ROW {
            wakes.state.swap(POLLED, Ordering::AcqRel);
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(waker)) {
                return Poll::Ready(output);
            }
            if wakes.state.compare_exchange(POLLED, IDLE, Ordering::AcqRel, Ordering::Acquire).is_ok() {
                return Poll::Pending;
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.swap(WOKEN, Ordering::AcqRel) == IDLE {
            self.task.lock().unwrap_or_else(PoisonError::into_inner).wake_by_ref();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Task {
        woken: AtomicUsize,
    }

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.woken.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl Task {
        fn poll<F: Future>(self: &Arc<Self>, repolled: &mut Repolled<F>) -> Poll<F::Output> {
            Pin::new(repolled).poll(&mut Context::from_waker(&Arc::clone(self).into()))
        }

        fn woken(&self) -> usize {
            self.woken.load(Ordering::Relaxed)
        }
    }

    /// A future that returns how often it was polled, once that is `polls`; `wake` is called whenever it is not.
    fn after(polls: usize, mut wake: impl FnMut(&Waker)) -> Repolled<impl Future<Output = usize>> {
        let mut polled = 0;
        Repolled::new(poll_fn(move |context| {
            polled += 1;
            if polled == polls {
                return Poll::Ready(polled);
            }
            wake(context.waker());
            Poll::Pending
        }))
    }

    #[test]
    fn a_future_that_is_woken_while_it_is_polled_is_polled_again_without_its_task() {
        let task = Arc::new(Task::default());
        let by_itself = task.poll(&mut after(2, Waker::wake_by_ref));
        let by_a_thread = task.poll(&mut after(2, |waker| {
            let waker = waker.clone();
            std::thread::spawn(move || waker.wake()).join().unwrap();
        }));
        assert_eq!((by_itself, by_a_thread, task.woken()), (Poll::Ready(2), Poll::Ready(2), 0));
    }

    #[test]
    fn a_future_that_never_stops_waking_itself_leaves_other_tasks_their_turn() {
        let task = Arc::new(Task::default());
        let mut repolled = after(MOST_POLLS_IN_A_ROW + 1, Waker::wake_by_ref);
        assert_eq!((task.poll(&mut repolled), task.woken()), (Poll::Pending, 1));
        assert_eq!((task.poll(&mut repolled), task.woken()), (Poll::Ready(MOST_POLLS_IN_A_ROW + 1), 1));
    }

    #[test]
    fn a_wake_after_the_poll_wakes_the_task_that_polled_last_once() {
        let (former, latter) = (Arc::new(Task::default()), Arc::new(Task::default()));
        let waker = Arc::new(Mutex::new(Waker::noop().clone()));
        let kept = Arc::clone(&waker);
        let mut repolled = after(3, move |waker| kept.lock().unwrap().clone_from(waker));
        assert_eq!((former.poll(&mut repolled), latter.poll(&mut repolled)), (Poll::Pending, Poll::Pending));
        assert_eq!((former.woken(), latter.woken()), (0, 0));
        waker.lock().unwrap().wake_by_ref();
        waker.lock().unwrap().wake_by_ref();
        assert_eq!((former.woken(), latter.woken()), (0, 1));
        assert_eq!(latter.poll(&mut repolled), Poll::Ready(3));
    }
}
