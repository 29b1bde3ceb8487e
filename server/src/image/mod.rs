//! Pictures that stand for the values of an input: from the bytes of a JPEG or PNG to numbers, free of any I/O.
//!
//! [`Picture::open`] reads the header, and knows how much memory the rest takes; [`Picture::values`] decodes and resizes.

mod fault;
mod format;
mod jpeg;
mod limits;
mod picture;
mod pixels;
mod png;
mod preparation;
mod resize;
mod size;

pub use fault::Fault;
pub(crate) use limits::MOST_PIXELS;
pub use picture::Picture;
pub use preparation::{Method, Preparation, PreparationData};
