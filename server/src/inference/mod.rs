//! The Open Inference Protocol, version 2, for one model, with Triton's binary tensors: paths, bodies and metadata, free of
//! any front's own format and of any I/O.
//!
//! An inference request goes three steps, of which only the second needs the model:
//! [`InferRequest::read`] → [`Instance::run`](crate::model::Instance::run) → [`Form::answer`].

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
