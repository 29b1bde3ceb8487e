use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use super::batch::{Batch, Record, lines};
use super::metrics::{CaptureMetrics, Dropped};
use super::queue::{Next, Receiver};
use crate::captured_request::{NotCaptured, Redaction};

/// The longest that a line waits for others.
const LONGEST_LINGER: Duration = Duration::from_secs(5);
/// Pause between two looks into the queue.
const QUEUE_POLL_INTERVAL: Duration = Duration::from_millis(100);
/// Number of times that records are sent which Firehose does not take.
const SEND_ATTEMPTS: u32 = 4;
/// Pause before the second attempt; before each further one twice as long.
const FIRST_RETRY_PAUSE: Duration = Duration::from_millis(500);

/// The positions of records that were not taken, and why.
pub(super) type Refused = Vec<(usize, String)>;

/// Takes records, as Firehose does.
pub(super) trait Sink {
    /// Sends records by one call.
    ///
    /// # Returns
    ///
    /// Those that were not taken.
    ///
    /// # Errors
    ///
    /// A sentence that says why none was taken.
    fn put(&mut self, records: &[Record]) -> impl Future<Output = Result<Refused, String>>;
}

/// Makes a line, which takes time that no request should wait for.
pub(super) type Line = Box<dyn FnOnce(Option<&Redaction>) -> Result<Vec<u8>, NotCaptured> + Send>;

/// Sends what the queue has, until it is closed and empty.
pub(super) struct Delivery<S> {
    sink: S,
    redaction: Option<Redaction>,
    metrics: CaptureMetrics,
    /// True if the latest call failed: only a change is logged.
    is_failing: bool,
}

impl<S: Sink> Delivery<S> {
    pub(super) fn new(sink: S, redaction: Option<Redaction>, metrics: CaptureMetrics) -> Self {
        Self { sink, redaction, metrics, is_failing: false }
    }

    /// Returns when the queue is closed and all that it had is sent or dropped.
    ///
    /// # Arguments
    ///
    /// * `stop`: when it is sent, or dropped, the queue is closed.
    pub(super) async fn run(mut self, mut queue: Receiver<Line>, mut stop: oneshot::Receiver<()>) {
        let (mut batch, mut due, mut is_stopping) = (Batch::default(), Instant::now(), false);
        loop {
            let make = match queue.next() {
                Next::Item(make) => make,
                Next::Nothing => {
                    if !batch.is_empty() && Instant::now() >= due {
                        self.deliver(batch.take()).await;
                    }
                    tokio::select! {
                        _ = &mut stop, if !is_stopping => {
                            is_stopping = true;
                            queue.close();
                        }
                        () = sleep(QUEUE_POLL_INTERVAL) => {}
                    }
                    continue;
                }
                Next::End => break,
            };
            match make(self.redaction.as_ref()) {
                Ok(line) => {
                    if batch.is_empty() {
                        due = Instant::now() + LONGEST_LINGER;
                    }
                    if let Err(line) = batch.add(line) {
                        self.deliver(batch.take()).await;
                        due = Instant::now() + LONGEST_LINGER;
                        let _ = batch.add(line);
                    }
                }
                Err(reason) => self.metrics.dropped(reason.into(), 1),
            }
        }
        if !batch.is_empty() {
            self.deliver(batch.take()).await;
        }
    }

    /// Sends records, and those that are not taken again, some times.
    async fn deliver(&mut self, mut records: Vec<Record>) {
        let mut pause = FIRST_RETRY_PAUSE;
        for attempt in 1..=SEND_ATTEMPTS {
            let all = lines(&records);
            let problem = match self.sink.put(&records).await {
                Ok(refused) => {
                    let problem = refused.first().map(|(_, problem)| problem.clone());
                    records = refused.into_iter().map(|(position, _)| std::mem::take(&mut records[position])).collect();
                    problem
                }
                Err(problem) => Some(problem),
            };
            let left = if problem.is_some() { lines(&records) } else { 0 };
            self.metrics.sent(all - left);
            let Some(problem) = problem else {
                self.is_failing = false;
                return;
            };
            if attempt == SEND_ATTEMPTS {
                if !self.is_failing {
                    tracing::warn!(
                        problem,
                        requests = left,
                        "captured requests are dropped: Firehose does not take them"
                    );
                }
                self.is_failing = true;
                self.metrics.dropped(Dropped::NotDelivered, left);
                return;
            }
            sleep(pause).await;
            pause *= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::super::queue::bounded;
    use super::*;

    /// Answers calls in turn, and keeps what it was sent.
    #[derive(Clone, Default)]
    struct Script {
        answers: Rc<RefCell<Vec<Result<Refused, String>>>>,
        calls: Rc<RefCell<Vec<Vec<Record>>>>,
    }

    impl Script {
        fn new(mut answers: Vec<Result<Refused, String>>) -> Self {
            answers.reverse();
            Self { answers: Rc::new(RefCell::new(answers)), ..Self::default() }
        }
    }

    impl Sink for Script {
        async fn put(&mut self, records: &[Record]) -> Result<Refused, String> {
            self.calls.borrow_mut().push(records.to_vec());
            self.answers.borrow_mut().pop().unwrap_or(Ok(Vec::new()))
        }
    }

    fn line(text: impl Into<Vec<u8>>) -> Line {
        let text = text.into();
        Box::new(|_| Ok(text))
    }

    /// Delivers lines that were in the queue when it was stopped. Returns the calls.
    async fn deliver(lines: Vec<Line>, sink: Script, metrics: &CaptureMetrics) -> Vec<Vec<Record>> {
        let (sender, receiver) = bounded();
        let (stop, stopped) = oneshot::channel();
        for line in lines {
            assert!(sender.offer(1, || line));
        }
        drop(stop);
        Delivery::new(sink.clone(), None, metrics.clone()).run(receiver, stopped).await;
        sink.calls.take()
    }

    #[tokio::test]
    async fn what_waits_when_it_is_stopped_is_sent() {
        let metrics = CaptureMetrics::unregistered();
        let calls = deliver(vec![line("1\n"), line("2\n")], Script::default(), &metrics).await;
        assert_eq!(calls, [[Record { data: b"1\n2\n".to_vec(), lines: 2 }]]);
        assert_eq!(metrics.counts(Dropped::NotDelivered), (2, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_is_sent_without_a_further_one() {
        let metrics = CaptureMetrics::unregistered();
        let sink = Script::default();
        let (sender, receiver) = bounded();
        let (_stop, stopped) = oneshot::channel();
        sender.offer(1, || line("1\n"));
        let run = Delivery::new(sink.clone(), None, metrics.clone()).run(receiver, stopped);
        assert!(tokio::time::timeout(LONGEST_LINGER * 2, run).await.is_err());
        assert_eq!(sink.calls.borrow().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn only_refused_records_are_sent_again() {
        let metrics = CaptureMetrics::unregistered();
        let sink =
            Script::new(vec![Ok(vec![(1, "ServiceUnavailableException".to_owned())]), Err("timeout".to_owned())]);
        let lines = (0..10).map(|number| line(vec![b'0' + number; 200_000])).collect();
        let calls = deliver(lines, sink, &metrics).await;
        assert_eq!(calls.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1, 1]);
        assert_eq!((&calls[1][0], &calls[2][0]), (&calls[0][1], &calls[0][1]));
        assert_eq!(metrics.counts(Dropped::NotDelivered), (10, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_never_taken_is_dropped_and_counted() {
        let metrics = CaptureMetrics::unregistered();
        let sink = Script::new(vec![Err("AccessDeniedException".to_owned()); 4]);
        let calls = deliver(vec![line("1\n"), line("2\n")], sink, &metrics).await;
        assert_eq!(calls.len(), 4);
        assert_eq!(metrics.counts(Dropped::NotDelivered), (0, 2));
    }

    #[tokio::test]
    async fn a_request_without_a_line_is_counted_by_its_reason() {
        let metrics = CaptureMetrics::unregistered();
        let lines: Vec<Line> =
            vec![Box::new(|_| Err(NotCaptured::NotJson)), Box::new(|_| Err(NotCaptured::TooLarge)), line("1\n")];
        deliver(lines, Script::default(), &metrics).await;
        assert_eq!(metrics.counts(Dropped::NotJson), (1, 1));
        assert_eq!(metrics.counts(Dropped::TooLarge), (1, 1));
    }

    #[tokio::test]
    async fn a_full_batch_is_sent_before_the_next_one() {
        let metrics = CaptureMetrics::unregistered();
        let lines = (0..21).map(|_| line(vec![b'x'; 200_000])).collect();
        let calls = deliver(lines, Script::default(), &metrics).await;
        assert_eq!(calls.iter().map(|records| super::lines(records)).collect::<Vec<_>>(), [20, 1]);
    }
}
