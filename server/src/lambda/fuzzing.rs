//! Entry points of `server/fuzz` to the function, with outputs instead of a model. No program has them.

use std::path::Path;

use super::answer::{Unanswered, answer, refused};
use super::event::Event;
use crate::model::{Call, Outputs};
use crate::rest::Service;

/// Answers an event as the function does, with the outputs of `run` for the model's.
///
/// # Panics
///
/// The answer needs more than a run that cannot fail.
pub fn answer_event(service: &Service, event: &[u8], run: impl FnOnce(&Call) -> Outputs) -> Vec<u8> {
    let source = Event::read(event);
    match answer(service, Path::new("no directory"), &source, event, None, |call| Ok(run(call))) {
        Ok(answer) => answer,
        Err(Unanswered::Refused(refusal)) => refused(&source, &refusal),
        Err(Unanswered::Failed(reason)) => panic!("failed without a model: {reason}"),
    }
}
