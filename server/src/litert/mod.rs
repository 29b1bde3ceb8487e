//! LiteRT's C interface over `libLiteRt.so`, which is loaded at run time.
//!
//! The only room with `unsafe`. Struct layouts and numbers are those of LiteRT's public headers (`litert/c`), which
//! promise them to be stable.
//!
//! Only for files whose shapes are all static: with a dynamic output shape this interface answers garbage and status 0,
//! on the first run. Every tensor's shape, type and packed size is compared with what the caller expects of it.
#![allow(unsafe_code)]

mod allocator;
mod buffer;
mod clock;
mod compile;
mod compiled;
mod error;
mod file;
mod functions;
mod handle;
mod packing;
mod processors;
mod signals;
mod standard_error;
mod tensors;

pub use allocator::{keep_ends_of_heaps, return_free_blocks, return_large_blocks};
pub use clock::{processor_time, thread_time};
pub use compiled::CompiledModel;
pub use error::Error;
pub use file::{ModelFile, Side, SignatureSpec, TensorSpec};
pub use functions::Library;
pub use packing::Weights;
pub use signals::{SignalWatch, Telling};
