//! Text and categories: the steps from strings to the numbers that a model's file takes, as TensorFlow does them.
//!
//! The job cuts them out of a model, and describes them in text.json; every description and table is checked before it is
//! used, and whatever a request makes of them is bounded.

mod attributes;
mod document;
mod fault;
mod fingerprint;
mod meter;
mod ngrams;
mod numbers;
mod operations;
mod part;
mod pattern;
mod shape;
mod siphash;
mod strings;
mod table;
mod unicode;
mod value;
mod words;

pub use fault::Fault;
pub use meter::Meter;
pub use part::{Given, Steps, TableFile, TextPart};
pub use shape::Shape;
pub use strings::Strings;
pub use value::{Data, Type, Value};
