use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use super::answer::Unanswered;
use super::capture::{Exchange, Rate};
use super::event::Event;
use super::log::Log;
use super::{answer, panics, response};
use crate::environment::{options, variable};
use crate::model::{Instance, Model};
use crate::rest::Service;

/// Answers the events of one function.
pub struct Function {
    model: Model,
    instance: Instance,
    service: Service,
    log: Log,
    rate: Option<Rate>,
}

/// A fault of the function's own, as a direct caller sees it: with its id in the log, without the reason.
///
/// An invocation that fails by it is counted by Lambda, asked again where it is asynchronous, and ends in the
/// dead-letter queue or destination for failures.
#[derive(Debug, thiserror::Error)]
#[error("the function failed; its log has the reason under the request id {request_id}")]
pub struct Fault {
    request_id: String,
}

impl Function {
    /// Loads the model that the environment names, and says so in the log.
    ///
    /// # Errors
    ///
    /// A sentence that says what is missing or wrong.
    pub fn load(started: Instant) -> Result<Self, String> {
        let options = options()?;
        let rate = Rate::read(variable("CAPTURE_RATE").as_deref())?;
        let model = Model::load(&options).map_err(|error| error.to_string())?;
        let instance = model.instance().map_err(|error| error.to_string())?;
        let log = Log::new(&model.description, variable);
        log.loaded(started.elapsed());
        let service = Service::new(Arc::clone(&model.description), "function");
        Ok(Self { model, instance, service, log, rate })
    }

    /// Answers one event, and writes its line of the log.
    ///
    /// # Errors
    ///
    /// The function, not the request, is at fault, and the event did not come by HTTP.
    pub fn answer(&mut self, event: &[u8], request_id: &str, trace_id: Option<&str>) -> Result<Vec<u8>, Fault> {
        let started = Instant::now();
        let source = Event::read(event);
        let is_check = matches!(&source, Event::Http(http) if http.is_check);
        let mut exchange = self.rate.filter(|rate| !is_check && rate.takes(request_id)).map(|_| Exchange::default());
        let answered = panics::catch(AssertUnwindSafe(|| {
            answer::answer(&self.service, &source, event, exchange.as_mut(), |call| self.instance.run(call))
        }))
        .unwrap_or_else(|panic| {
            // A run that was left in its middle may have left buffers locked.
            match self.model.instance() {
                Ok(instance) => self.instance = instance,
                Err(error) => return Err(Unanswered::Failed(format!("{panic}; {error}"))),
            }
            Err(Unanswered::Failed(panic))
        });
        let request = self.log.request(request_id, trace_id, started.elapsed());
        let by_http = matches!(source, Event::Http(_));
        match answered {
            Ok(answer) => {
                if !is_check {
                    request.answered();
                }
                if let Some(exchange) = exchange {
                    self.log.captured(request_id, exchange.line(&self.service.description));
                }
                Ok(answer)
            }
            Err(Unanswered::Refused(refusal)) => {
                if !is_check {
                    request.refused(&refusal);
                }
                Ok(answer::refused(&source, &refusal))
            }
            Err(Unanswered::Failed(reason)) => {
                // A fault that Lambda counts is not counted again.
                request.failed(&reason, by_http && !is_check);
                let fault = Fault { request_id: request_id.to_owned() };
                if by_http { Ok(response::proxy_fault(&fault.to_string())) } else { Err(fault) }
            }
        }
    }
}
