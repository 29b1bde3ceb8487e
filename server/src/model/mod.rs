//! A model ready to run: its description, its signatures, real values instead of quantized ones, and batches row by
//! row.

mod call;
mod description;
mod element;
mod element_type;
mod error;
pub(crate) mod half;
mod loaded;
mod members;
mod quantization;
mod tensor;

pub use call::{Call, Outputs};
pub use description::{DEFAULT_DIRECTORY, Description, Signature};
pub use element::{Element, Misfit};
pub use element_type::{ElementType, Kind};
pub use error::{FILE_NAME, LoadError, RunError};
pub use loaded::{DEFAULT_LIBRARY, Instance, Model, Options};
#[cfg(feature = "lambda")]
pub(crate) use members::Members;
pub use quantization::Quantization;
pub use tensor::Tensor;
