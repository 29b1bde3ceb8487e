//! AWS Lambda: the Runtime API, the events of its sources, and the function's log.
//!
//! ```
//! use std::time::Instant;
//!
//! use model_server::lambda::Function;
//!
//! // SAFETY: this program has one thread.
//! unsafe { std::env::set_var("MODEL_DIR", "tests/small") };
//! let mut function = Function::load(Instant::now()).unwrap();
//! let event = br#"{"data": [0, 0, 0, 0, 0, 0, 0, 0]}"#;
//! let (answer, outcome) = function.answer(event, "request-1", None, None);
//! assert!(answer.unwrap().starts_with(br#"{"prediction""#));
//! function.log(outcome.unwrap(), "request-1", None);
//! ```

mod answer;
mod capture;
mod connection;
mod event;
mod function;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod log;
mod panics;
mod response;
mod runtime_api;
mod sources;
mod unanswered;
mod work;

use std::time::Instant;

pub use function::{Fault, Function, Outcome};

use self::runtime_api::{RuntimeApi, RuntimeApiError};
use crate::litert::SignalWatch;

/// Answers invocations until Lambda ends the process.
///
/// Besides the variables of [`crate::environment`]:
///
/// * `METRIC_NAMESPACE`: of CloudWatch, for the metrics of every request; none, and then requests are not logged.
/// * `CAPTURE_RATE`: the share of the requests to write to the log with their answers, above 0 and at most 1; none.
/// * `CAPTURE_REDACT`: a JSON list with names of inputs, whose values are replaced by null in these lines; none.
/// * `EXPLORER`: `true` serves the page that sends predict requests from a browser; it is not served otherwise.
///
/// # Errors
///
/// A sentence that says why it cannot serve. Lambda has it as well.
pub fn run(runtime_api: &str) -> Result<(), String> {
    let started = Instant::now();
    panics::keep();
    let mut api = RuntimeApi::new(runtime_api)?;
    match load(&mut api, started) {
        Ok(function) => serve(&mut api, function).map_err(|error| error.to_string()),
        Err(problem) => {
            // The process ends by the same problem, whether Lambda hears of it or not.
            let _ = api.report_start(&problem);
            Err(problem)
        }
    }
}

/// Loads the model; Lambda is told of a signal that ends this, too.
fn load(api: &mut RuntimeApi, started: Instant) -> Result<Function, String> {
    let telling = api.telling();
    let telling = telling.as_ref().map(|(connection, request)| (*connection, request as &dyn Fn(&str) -> Vec<u8>));
    let _watch = SignalWatch::start("the function's model", telling);
    Function::load(started)
}

fn serve(api: &mut RuntimeApi, mut function: Function) -> Result<(), RuntimeApiError> {
    loop {
        let invocation = api.next()?;
        let (request_id, trace_id) = (invocation.request_id.as_str(), invocation.trace_id.as_deref());
        let (answer, outcome) = function.answer(&invocation.event, request_id, trace_id, invocation.deadline);
        let posted = match answer {
            Ok(answer) => api.answer(&invocation, &answer),
            Err(fault) => api.fail(&invocation, &fault),
        };
        // Lambda lets the process run until it asks for the next event, and has answered the caller by now.
        if let Some(outcome) = outcome {
            function.log(outcome, request_id, trace_id);
        }
        posted?;
    }
}
