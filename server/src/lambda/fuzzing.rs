//! Entry points of `server/fuzz` to the function, with outputs instead of a model. No program has them.

use std::path::Path;

use super::answer::{Answering, refused};
use super::event::Event;
use super::sources::source_of;
use super::unanswered::Unanswered;
use super::work::Work;
use crate::model::{Call, Outputs};
use crate::rest::Service;

/// Answers an event as the function does, with the outputs of `run` for the model's.
///
/// # Panics
///
/// The answer needs more than a run that cannot fail.
pub fn answer_event(service: &Service, event: &[u8], run: impl FnOnce(&Call) -> Outputs) -> Vec<u8> {
    let source = Event::read(event);
    let run = |call: &Call, _: &mut Work| Ok(run(call));
    let (directory, work) = (Path::new("no directory"), &mut Work::until(None));
    match (Answering { service, directory, captured: None, work, run }).answer(&source, event) {
        Ok(answer) => answer,
        Err(Unanswered::Refused(refusal)) => {
            // Looked for in what is no request.
            let _ = source_of(event);
            refused(&source, &refusal)
        }
        Err(Unanswered::Failed(failure)) => panic!("failed without a model: {failure:?}"),
    }
}
