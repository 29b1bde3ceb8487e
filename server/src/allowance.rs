use std::time::Duration;

use crate::litert::thread_time;

/// Processor time that any request may take.
const TIME_PER_REQUEST: Duration = Duration::from_millis(400);
/// Processor time that it may take besides, for each byte that was sent.
const TIME_PER_BYTE: Duration = Duration::from_micros(250);

/// The processor time of one thread for a request that did not send all that it wants computed: its body is zipped, or its
/// values are repeated. Less than a kilobyte could otherwise ask for hours.
#[derive(Debug)]
pub(crate) struct Allowance {
    until: Duration,
}

impl Allowance {
    /// Begins to count this thread's time.
    ///
    /// # Arguments
    ///
    /// * `sent`: of the request, in bytes.
    pub(crate) fn starting(sent: usize) -> Self {
        Self { until: thread_time().saturating_add(time(sent)) }
    }

    /// Tells whether this thread, which began, may go on.
    pub(crate) fn is_left(&self) -> bool {
        thread_time() < self.until
    }

    /// Returns the words for a request of so many bytes that took more.
    pub(crate) fn exceeded(sent: usize) -> String {
        format!(
            "the request has {sent} bytes, and is compressed or repeats values: it may take {} ms of a processor, and takes \
             more; send fewer rows, or send it without compression and repetition",
            time(sent).as_millis()
        )
    }
}

fn time(sent: usize) -> Duration {
    TIME_PER_REQUEST.saturating_add(TIME_PER_BYTE.saturating_mul(u32::try_from(sent).unwrap_or(u32::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kilobyte_has_less_than_a_second_and_a_megabyte_minutes() {
        assert_eq!(time(1000), Duration::from_millis(650));
        assert!(time(1 << 20) > Duration::from_mins(4));
        assert!(time(usize::MAX) > time(1 << 20));
    }

    #[test]
    fn time_that_was_not_taken_is_left() {
        assert!(Allowance::starting(0).is_left());
        assert!(!Allowance { until: Duration::ZERO }.is_left());
    }
}
