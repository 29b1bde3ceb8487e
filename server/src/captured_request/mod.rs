//! Captured requests: the lines that all fronts write of answered requests.
//!
//! A line is `captured_request.py` of the optimizer's documents.
//!
//! ```
//! use std::path::Path;
//! use std::time::SystemTime;
//!
//! use model_server::captured_request::{Exchange, Redaction};
//! use model_server::model::Description;
//!
//! let description = Description::read(Path::new("tests/small")).unwrap();
//! let (request, answer) = (br#"{"instances": [[1, 2]]}"#, br#"{"predictions": [[3]]}"#);
//! let exchange = Exchange::new(SystemTime::UNIX_EPOCH, 0, request, answer).unwrap();
//! let redaction = Redaction::new(vec!["x".to_owned()], [&description]).unwrap();
//! let line = String::from_utf8(exchange.line(&description, Some(&redaction)).unwrap()).unwrap();
//! assert!(line.contains(r#""request":{"instances":[null]},"answer":{"predictions": [[3]]}"#), "{line}");
//! ```

mod line;
mod rate;
mod redaction;
mod time;

#[cfg(feature = "server")]
pub(crate) use line::LARGEST_LINE;
pub use line::{Exchange, NotCaptured};
pub(crate) use rate::Rate;
pub use redaction::{Redaction, UnknownInput};
#[cfg(feature = "server")]
pub(crate) use time::timestamp;
