//! Keeps the place of a panic for the log of the request that it ended.

use std::cell::RefCell;
use std::panic::{self, UnwindSafe};

thread_local! {
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps panics instead of printing them.
pub(super) fn keep() {
    panic::set_hook(Box::new(|information| {
        LAST.with_borrow_mut(|last| *last = Some(information.to_string().replace('\n', " ")));
    }));
}

/// Runs `work`, or returns where and why it panicked.
pub(super) fn catch<T>(work: impl FnOnce() -> T + UnwindSafe) -> Result<T, String> {
    panic::catch_unwind(work)
        .map_err(|_| LAST.with_borrow_mut(Option::take).unwrap_or_else(|| "the function panicked".to_owned()))
}
