//! A model ready to run: its description, its signatures, real values instead of quantized ones, and batches in as many
//! runs as take least time.
//!
//! ```
//! use std::path::PathBuf;
//!
//! use model_server::model::{Call, Model, Options, Weights};
//!
//! let model = Model::load(&Options {
//!     directory: PathBuf::from("tests/small"),
//!     library: PathBuf::from(std::env::var_os("LITERT_LIBRARY").unwrap()),
//!     name: None,
//!     threads: 1,
//!     warn: |warning| panic!("{warning}"),
//! })
//! .unwrap();
//! let zeros = Call { signature: 0, rows: 2, columns: vec![vec![0; 2 * 8 * 4]], ..Call::default() };
//! let outputs = model.instance(Weights::Own).unwrap().run(&zeros).unwrap();
//! assert_eq!((outputs.rows, outputs.columns), (2, vec![vec![0; 2 * 8 * 4]]));
//! ```

mod batch;
mod call;
mod description;
mod digest;
mod element;
mod element_type;
mod error;
pub(crate) mod half;
mod instance;
mod loaded;
mod openapi;
mod quantization;
pub(crate) mod regular;
mod signature;
mod tensor;
mod text_file;
mod texts;
mod trial;

#[cfg(any(feature = "lambda", feature = "server"))]
pub(crate) use crate::members::Members;
pub use batch::Batch;
pub use call::{Call, Outputs, SentImage};
pub use description::{DEFAULT_DIRECTORY, Description};
pub use digest::Digest;
pub use element::{Element, Misfit};
pub use element_type::{ElementType, Kind};
pub use error::{FILE_NAME, LoadError, RunError};
pub use instance::Instance;
pub use loaded::{DEFAULT_LIBRARY, Model, Options};
pub use openapi::{OPENAPI_FILE, read as openapi};
pub use quantization::Quantization;
pub use signature::Signature;
pub use tensor::Tensor;
#[cfg(feature = "server")]
pub(crate) use texts::LENGTH_BYTES;
pub(crate) use texts::{push_text, texts_of};
pub use trial::{Taken, Trial};

pub use crate::litert::Weights;
