//! The Open Inference Protocol, version 2, for one model, with Triton's binary tensors: paths, bodies and metadata, free of
//! any front's own format and of any I/O.
//!
//! An inference request goes three steps, of which only the second needs the model:
//! [`InferRequest::read`] → [`Instance::run`](crate::model::Instance::run) → [`Form::answer`].
//!
//! ```
//! use std::borrow::Cow;
//! use std::path::Path;
//!
//! use model_server::inference::{InferRequest, Part, Resource};
//! use model_server::model::Description;
//! use model_server::rest::unlimited;
//!
//! let part = Resource::parse("POST", "/v2/models/small/infer", "server").unwrap();
//! assert_eq!(part, Resource::Model { name: "small", version: None, part: Part::Infer });
//!
//! let description = Description::read(Path::new("tests/small")).unwrap();
//! let body = br#"{"inputs": [{"name": "x", "shape": [1, 8], "datatype": "FP32", "data": [0, 0, 0, 0, 0, 0, 0, 1]}]}"#;
//! let request = InferRequest::read(&description, Cow::Borrowed(body), None, unlimited).unwrap();
//! assert_eq!(request.call.rows, 1);
//! ```

mod answer;
mod header;
mod images;
mod inputs;
mod json;
pub mod memory;
pub mod metadata;
mod outputs;
mod parameters;
mod raw;
mod request;
mod route;
mod text;

pub use answer::Answer;
pub use header::{HEADER, json_length};
#[cfg(feature = "server")]
pub(crate) use images::elements;
#[cfg(feature = "server")]
pub(crate) use inputs::{BYTES, Inputs, Place, images as image_count, rows};
#[cfg(feature = "server")]
pub(crate) use outputs::position as output_position;
#[cfg(feature = "server")]
pub(crate) use parameters::{extension, not_offered, signature};
#[cfg(feature = "server")]
pub(crate) use raw::{has_nan, stored};
pub use request::{Form, InferRequest};
pub use route::{Part, Resource, find};
