//! Serves one LiteRT model: on AWS Lambda, or as a server of its own.
//!
//! An arrow goes down only: fronts (`lambda`, `server`) → [`captured_request`], [`inference`] → [`rest`] → [`model`] →
//! [`image`], [`text`], [`litert`].

#[cfg(any(feature = "lambda", feature = "server"))]
mod allowance;
#[cfg(any(feature = "lambda", feature = "server"))]
pub mod captured_request;
pub mod environment;
pub mod image;
#[cfg(any(feature = "lambda", feature = "server"))]
pub mod inference;
#[cfg(any(feature = "lambda", feature = "server"))]
mod inflate;
#[cfg(feature = "lambda")]
pub mod lambda;
pub mod litert;
pub mod measure;
mod members;
pub mod model;
pub mod rest;
#[cfg(feature = "server")]
pub mod server;
pub mod text;
