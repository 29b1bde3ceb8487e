//! LiteRT's C interface over `libLiteRt.so`, which is loaded at run time.
//!
//! The only room with `unsafe`. Struct layouts and numbers are those of LiteRT's public headers (`litert/c`), which
//! promise them to be stable.
//!
//! Only for files whose shapes are all static: with a dynamic output shape this interface answers garbage and status 0,
//! on the first run. Every tensor's shape, type and packed size is compared with what the caller expects of it.
//!
//! ```
//! use std::path::Path;
//!
//! use model_server::litert::{Library, ModelFile, SignatureSpec, TensorSpec, Weights};
//!
//! let library = Library::open(Path::new(&std::env::var_os("LITERT_LIBRARY").unwrap())).unwrap();
//! let file = ModelFile::open(library, Path::new("tests/small/model.tflite")).unwrap();
//! let float32 = |name| vec![TensorSpec { name, element_type: 1, shape: &[1, 8], bytes: 32 }];
//! let signature = SignatureSpec { name: "serving_default", rows: 1, inputs: float32("x"), outputs: float32("y") };
//! let mut model = file.compile(1, Weights::Own, &[signature]).unwrap();
//! let mut outputs = [Vec::new()];
//! model.run(0, 1, [&[0; 32][..]], &mut outputs).unwrap();
//! assert_eq!(outputs, [[0; 32]]);
//! ```
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
