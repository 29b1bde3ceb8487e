//! Text and categories: the steps from strings to the numbers that a model's file takes, as TensorFlow does them.
//!
//! The job cuts them out of a model, and describes them in text.json; every description and table is checked before it is
//! used, and whatever a request makes of them is bounded.
//!
//! ```
//! use model_server::text::{Data, Meter, Shape, Strings, TextPart, Value};
//!
//! let description = br#"{"schemaVersion": 1, "tables": [], "signatures": {"serve": {
//!     "inputs": [{"name": "text", "dtype": "string", "shape": [1]}], "constants": [],
//!     "steps": [{"operation": "StringLength", "inputs": [0], "outputs": [1], "attributes": {"unit": "UTF8_CHAR"}}],
//!     "fed": [{"input": "length", "value": 1}]}}}"#;
//! let part = TextPart::read(description, |table| Err(format!("{} is not there", table.file))).unwrap();
//!
//! let text: Strings = ["äbc"].into_iter().collect();
//! let given = Value { shape: Shape::of(&[1]).unwrap(), data: Data::Strings(text) };
//! let mut unlimited = |_| true;
//! let made = part.steps("serve").unwrap().run(vec![given], &mut Meter::new(&mut unlimited)).unwrap();
//! assert_eq!(made[0].data, Data::Int32(vec![3]));
//! ```

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
