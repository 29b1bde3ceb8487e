//! Images that stand for the values of an input: from the bytes of a JPEG or PNG to numbers, free of any I/O.
//!
//! [`EncodedImage::open`] reads the header, and knows how much memory the rest takes; [`EncodedImage::values`] decodes and resizes.
//!
//! ```
//! use model_server::image::{EncodedImage, Method, Preparation};
//!
//! let preparation = Preparation {
//!     height: 2,
//!     width: 3,
//!     channels: 1,
//!     method: Method::Bilinear,
//!     antialias: false,
//!     reverses_channels: false,
//!     channel_values: vec![(1.0 / 255.0, 0.0)],
//! };
//! let png = std::fs::read("tests/images/gray.png").unwrap();
//! let values = EncodedImage::open(&png, &preparation).unwrap().values().unwrap();
//! assert!(values.len() == 6 && values.iter().all(|value| (0.0..=1.0).contains(value)));
//! assert!(EncodedImage::open(b"GIF89a", &preparation).is_err());
//! ```

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
pub(crate) use format::is_image;
pub(crate) use limits::MOST_PIXELS;
pub use preparation::{Method, Preparation, PreparationData};
