use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::answer::{Answering, refused};
use super::capture::{Place, rate, redaction, takes};
use super::event::Event;
use super::log::{Log, warn};
use super::unanswered::{Failure, Unanswered};
use super::work::Work;
use super::{panics, response, sources};
use crate::captured_request::{Rate, Redaction};
use crate::environment::{options, variable};
use crate::model::{Call, Instance, Model, Outputs, Weights};
use crate::rest::{Refusal, Service};

/// Answers the events of one function.
pub struct Function {
    model: Model,
    instance: Instance,
    service: Service,
    directory: PathBuf,
    log: Log,
    rate: Option<Rate>,
    redaction: Option<Redaction>,
}

/// The reason why an invocation fails, as a direct caller sees it: of a fault of the function's own it has only the id in the
/// log.
///
/// An invocation that fails by it is counted by Lambda, asked again where it is asynchronous, and ends in the
/// dead-letter queue or destination for failures.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    message: String,
}

/// Facts to log of an event that was answered or refused.
#[must_use]
pub struct Outcome {
    latency: Duration,
    refusal: Option<Refusal>,
    captured: Place,
    is_check: bool,
}

impl Function {
    /// Loads the model that the environment names, and says so in the log.
    ///
    /// # Errors
    ///
    /// A sentence that says what is missing or wrong.
    pub fn load(started: Instant) -> Result<Self, String> {
        let options = options(warn)?;
        let rate = rate(variable("CAPTURE_RATE").as_deref())?;
        let model = Model::load(&options).map_err(|error| error.to_string())?;
        let instance = model.instance(Weights::Own).map_err(|error| error.to_string())?;
        let redaction = redaction(variable("CAPTURE_REDACT").as_deref(), &model.description)?;
        let log = Log::new(&model.description, variable);
        log.loaded(started.elapsed());
        let has_explorer = variable("EXPLORER").is_some_and(|value| value == "true");
        let service = Service::new(Arc::clone(&model.description), "function").with_explorer(has_explorer);
        Ok(Self { model, instance, service, directory: options.directory, log, rate, redaction })
    }

    /// Answers one event.
    ///
    /// # Arguments
    ///
    /// * `deadline`: when Lambda ends the invocation. Before, the work does, with an answer that says so.
    ///
    /// # Returns
    ///
    /// The answer, and what is to be logged when the caller has it: that takes a part of the time of a small model.
    ///
    /// # Errors
    ///
    /// The function, not the request, is at fault, and the event did not come by HTTP. The log has the reason.
    pub fn answer(
        &mut self,
        event: &[u8],
        request_id: &str,
        trace_id: Option<&str>,
        deadline: Option<Instant>,
    ) -> (Result<Vec<u8>, Fault>, Option<Outcome>) {
        let started = Instant::now();
        let source = Event::read(event);
        let is_check = matches!(&source, Event::Http(http) if http.is_check);
        let mut captured = None;
        let is_sampled = !is_check && self.rate.is_some_and(|rate| takes(rate, request_id));
        let answering = Answering {
            service: &self.service,
            directory: &self.directory,
            captured: is_sampled.then_some(&mut captured),
            work: &mut Work::until(deadline),
            run: |call: &Call, work: &mut Work| run(&mut self.instance, call, work),
        };
        let answered = panics::catch(AssertUnwindSafe(|| answering.answer(&source, event))).unwrap_or_else(|panic| {
            // A run that was left in its middle may have left buffers locked.
            match self.model.instance(Weights::Own) {
                Ok(instance) => self.instance = instance,
                Err(error) => return Err(Unanswered::fault(format!("{panic}; {error}"))),
            }
            Err(Unanswered::fault(panic))
        });
        let latency = started.elapsed();
        match failing_for_its_source(answered, &source, event) {
            Ok(answer) => (Ok(answer), Some(Outcome { latency, refusal: None, captured, is_check })),
            Err(Unanswered::Refused(refusal)) => {
                let answer = refused(&source, &refusal);
                (Ok(answer), Some(Outcome { latency, refusal: Some(refusal), captured: None, is_check }))
            }
            Err(Unanswered::Failed(failure)) => {
                // Before Lambda hears of it, which may end the process. A fault that it counts is not counted again.
                let is_counted = matches!(source, Event::Http(_)) && !is_check;
                self.log.request(request_id, trace_id, latency).failed(failure.status, &failure.reason, is_counted);
                (failed(&source, failure, request_id), None)
            }
        }
    }

    /// Writes the lines of an event.
    pub fn log(&self, outcome: Outcome, request_id: &str, trace_id: Option<&str>) {
        if outcome.is_check {
            return;
        }
        let request = self.log.request(request_id, trace_id, outcome.latency);
        match outcome.refusal {
            None => request.answered(),
            Some(refusal) => request.refused(&refusal),
        }
        if let Some(captured) = outcome.captured {
            let line = captured.and_then(|one| one.line(&self.service.description, self.redaction.as_ref()));
            self.log.captured(request_id, line);
        }
    }
}

/// Runs the model for as long as the next run can end in time.
fn run(instance: &mut Instance, call: &Call, work: &mut Work) -> Result<Outputs, Unanswered> {
    let mut ended = None;
    let outputs = instance.run_while(call, |_| {
        ended = work.go_on().err();
        ended.is_none()
    });
    outputs.map_err(|error| ended.unwrap_or_else(|| error.into()))
}

/// Answers by HTTP, and fails the invocation otherwise.
fn failed(source: &Event, failure: Failure, request_id: &str) -> Result<Vec<u8>, Fault> {
    let Failure { status, reason, is_told } = failure;
    let hint = || format!("the function failed; its log has the reason under the request id {request_id}");
    let message = if is_told { reason } else { hint() };
    match source {
        Event::Http(event) => Ok(response::proxy_fault(event, status, &message)),
        Event::Direct => Err(Fault { message }),
    }
}

/// Fails the invocation where AWS sent an event that is no request: its source looks at nothing else.
fn failing_for_its_source(
    answered: Result<Vec<u8>, Unanswered>,
    source: &Event,
    event: &[u8],
) -> Result<Vec<u8>, Unanswered> {
    match (answered, source) {
        (Err(Unanswered::Refused(refusal)), Event::Direct) => Err(match sources::source_of(event) {
            Some(name) => Unanswered::unusable(format!(
                "an event of {name} is no request, put a function of yours before this one: {}",
                refusal.message
            )),
            None => Unanswered::Refused(refusal),
        }),
        (answered, _) => answered,
    }
}
