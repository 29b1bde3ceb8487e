//! TensorFlow Serving's REST and gRPC interfaces for LiteRT models, and the Open Inference Protocol's, on EKS and EC2.
//!
//! Connections live on one asynchronous runtime, whose threads compute what is expected to take less than half a
//! millisecond; all else is computed by threads of its own, which a bounded queue feeds, so that health and metrics answer
//! while all of them are busy. Rows of requests that have arrived are computed together, where the model takes less time so;
//! none waits for one that has not.
//!
//! A server that cannot start ends with a sentence:
//!
//! ```
//! let command = ["model_server", "--model_name=m", "--model_base_path=/no/model", "--model_version=1", "--allow_unverified_files"];
//! let problem = model_server::server::run(command.map(Into::into)).unwrap_err();
//! assert!(problem.contains("/no/model"), "{problem}");
//! ```

mod access;
mod aws;
mod body;
mod budget;
mod capture;
mod catalogue;
mod checksums;
mod concurrency;
mod cors;
mod cost;
mod failure;
mod flag_values;
mod flags;
mod gather_backoff;
#[cfg(feature = "fuzzing")]
pub mod grpc;
#[cfg(not(feature = "fuzzing"))]
mod grpc;
mod http;
mod inference;
mod job;
mod lifecycle;
mod listen;
mod log;
mod memory;
mod metrics;
mod model_config;
mod pool;
mod preface;
mod queue;
mod repolled;
mod request_ids;
mod response;
mod rest;
mod state;
mod streams;
mod tensorflow_serving;
mod threads;
mod tls;
#[cfg(feature = "otlp")]
mod traces;
#[cfg(not(feature = "otlp"))]
#[path = "no_traces.rs"]
mod traces;
mod unread;
mod work;
mod workers;

pub use lifecycle::run;
