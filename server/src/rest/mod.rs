//! TensorFlow Serving's REST API for one model: routes and bodies, free of any front's own format and of any I/O.
//!
//! A predict request goes three steps, of which only the second needs the model:
//! [`PredictRequest::read`] → [`Instance::run`](crate::model::Instance::run) → [`PredictRequest::answer`].
//!
//! ```
//! use std::path::Path;
//!
//! use model_server::model::{Description, Outputs};
//! use model_server::rest::{Caller, PredictRequest, unlimited};
//!
//! let description = Description::read(Path::new("tests/small")).unwrap();
//! let read = |body: &[u8]| PredictRequest::read(&description, body, Caller::Http, unlimited);
//!
//! let request = read(br#"{"instances": [[0, 0, 0, 0, 0, 0, 0, 1]]}"#).unwrap();
//! let outputs = Outputs { rows: 1, columns: request.call.columns.clone() };
//! assert!(request.answer(&description, &outputs).starts_with(b"{"));
//!
//! let refusal = read(br#"{"instances": [[0]]}"#).unwrap_err();
//! assert_eq!(refusal.status, 400);
//! ```

mod answer;
pub(crate) mod base64;
mod explain;
pub(crate) mod explorer;
pub(crate) mod images;
pub mod memory;
mod need;
mod number;
mod plain;
mod predict;
mod read;
mod refusal;
mod request;
mod route;
pub(crate) mod sentence;
pub(crate) mod source;
mod status;
pub(crate) mod texts;
pub(crate) mod walk;

pub use answer::bodies;
pub(crate) use answer::{write_flat, write_string};
pub(crate) use explain::{check, problem};
pub(crate) use images::is_image;
pub(crate) use need::Pixels;
pub use need::{Need, unlimited};
pub use refusal::Refusal;
pub use request::{Caller, Form, PredictRequest};
pub use route::{Route, Service};
