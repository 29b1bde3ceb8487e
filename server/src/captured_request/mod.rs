//! Captured requests: the lines that all fronts write of answered requests.
//!
//! A line is `captured_request.py` of the optimizer's documents.

mod line;
mod rate;
mod redaction;
mod time;

#[cfg(feature = "server")]
pub(crate) use line::LARGEST_LINE;
pub(crate) use line::{Exchange, NotCaptured};
pub(crate) use rate::Rate;
pub(crate) use redaction::Redaction;
#[cfg(feature = "server")]
pub(crate) use time::timestamp;
