//! Images that stand for the values of an input: from the bytes of a JPEG or PNG to numbers, free of any I/O.
//!
//! [`EncodedImage::open`] reads the header, and knows how much memory the rest takes; [`EncodedImage::values`] decodes and resizes.

mod encoded;
mod fault;
mod format;
mod jpeg;
mod limits;
mod pixels;
mod png;
mod preparation;
mod resize;
mod size;

pub use encoded::EncodedImage;
pub use fault::Fault;
pub(crate) use limits::MOST_PIXELS;
pub use preparation::{Method, Preparation, PreparationData};
