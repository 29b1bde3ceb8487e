//! The body of an inference request of the Open Inference Protocol: it is refused in a sentence, or answered.

use std::borrow::Cow;

use jiter::JsonValue;
use model_server::inference::{InferRequest, memory};
use model_server::rest::unlimited;

use super::{SERVICE, check_refusal, outputs, read_answer};

/// Stands for a request without the header.
const NO_HEADER: u16 = u16::MAX;

/// Checks one input: two bytes for the header, and the body.
pub fn check(input: &[u8]) {
    let Some((header, body)) = input.split_first_chunk() else { return };
    let header = u16::from_le_bytes(*header);
    let json_length = (header != NO_HEADER).then_some(header.into());
    let description = &SERVICE.description;
    let read = |body| InferRequest::read(description, body, json_length, unlimited);
    let found = read(Cow::Borrowed(body));
    assert_eq!(found, read(Cow::Owned(body.to_vec())));
    match found {
        Ok(request) => {
            let taken: usize = request.call.columns.iter().map(Vec::len).sum();
            assert!(taken <= memory::reading(description, body, json_length));
            let (values, most) = memory::answering(description, &request);
            let outputs = outputs(description, &request.call);
            assert!(outputs.columns.iter().map(Vec::len).sum::<usize>() <= values);
            let answer = request.form.answer(description, request.call.signature, &outputs);
            assert!(answer.body.len() <= most, "{} bytes, at most {most}", answer.body.len());
            let json = &answer.body[..answer.json_length.unwrap_or(answer.body.len())];
            assert!(matches!(read_answer(json), JsonValue::Object(_)));
        }
        Err(refusal) => check_refusal(&refusal),
    }
}
