use std::time::SystemTime;

use serde::de::IgnoredAny;

use super::redaction::Redaction;
use super::time::timestamp;
use crate::model::{Call, Description, Outputs};
use crate::rest::bodies;

/// Most bytes of a line. `CloudWatch` Logs takes 256 KiB at least, and Firehose 1,000 KiB of a record with many lines.
pub(crate) const LARGEST_LINE: usize = 200_000;
/// Most bytes of the members around the two bodies and the two names.
const MEMBERS_BYTES: usize = 200;

/// A predict request in the sample, and its answer.
#[derive(Debug)]
pub struct Exchange {
    time: SystemTime,
    signature: usize,
    request: Vec<u8>,
    answer: Vec<u8>,
}

/// The reason why there is no line of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCaptured {
    /// More than a line can hold.
    #[error("request not captured: with its answer it has more than {LARGEST_LINE} bytes")]
    TooLarge,
    /// A value that JSON does not have.
    #[error("request not captured: it has NaN, an infinity or another value that JSON does not have")]
    NotJson,
}

impl Exchange {
    /// Copies the bodies, if a line can hold them.
    ///
    /// # Arguments
    ///
    /// * `time`: when the model had answered.
    /// * `signature`: its position in the description.
    pub fn new(time: SystemTime, signature: usize, request: &[u8], answer: &[u8]) -> Result<Self, NotCaptured> {
        if request.len() + answer.len() > LARGEST_LINE {
            return Err(NotCaptured::TooLarge);
        }
        Ok(Self { time, signature, request: request.to_vec(), answer: answer.to_vec() })
    }

    /// Writes the bodies that tensors have in column format, if a line can hold them. Images are as they were sent.
    pub fn of_tensors(
        time: SystemTime,
        description: &Description,
        call: &Call,
        outputs: &Outputs,
    ) -> Result<Self, NotCaptured> {
        if call.sent_bytes() + outputs.columns.iter().map(Vec::len).sum::<usize>() > LARGEST_LINE {
            return Err(NotCaptured::TooLarge);
        }
        let (request, answer) = bodies(description, call, outputs);
        Self::new(time, call.signature, &request, &answer)
    }

    /// Returns the line, with its end.
    pub fn line(&self, description: &Description, redaction: Option<&Redaction>) -> Result<Vec<u8>, NotCaptured> {
        let text = |body| std::str::from_utf8(body).map_err(|_| NotCaptured::NotJson);
        let (request, answer) = (text(&self.request)?.trim_start_matches('\u{feff}'), text(&self.answer)?);
        for body in [request, answer] {
            serde_json::from_str::<IgnoredAny>(body).map_err(|_| NotCaptured::NotJson)?;
        }
        let signature = &description.signatures[self.signature];
        let redacted = redaction.map(|redaction| redaction.apply(request, signature)).transpose();
        let redacted = redacted.map_err(|_| NotCaptured::NotJson)?;
        let request = redacted.as_deref().unwrap_or(request);
        let string = |text: &str| serde_json::Value::from(text).to_string();
        let mut line = String::with_capacity(request.len() + answer.len() + MEMBERS_BYTES);
        line += "{\"schemaVersion\":1,\"time\":\"";
        line += &timestamp(self.time);
        line += "\",\"modelName\":";
        line += &string(&description.model);
        line += ",\"modelVersion\":";
        line += &description.version.to_string();
        line += ",\"signatureName\":";
        line += &string(&signature.name);
        line += ",\"request\":";
        // JSON has these two between its tokens only.
        line += &request.replace(['\n', '\r'], " ");
        line += ",\"answer\":";
        line += answer;
        line += "}\n";
        if line.len() > LARGEST_LINE { Err(NotCaptured::TooLarge) } else { Ok(line.into_bytes()) }
    }
}
