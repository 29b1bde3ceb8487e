//! From an event to what the function returns, except for the model's run, which the caller brings.

use std::borrow::Cow;
use std::path::Path;
use std::time::SystemTime;

use percent_encoding::percent_decode_str;

use super::capture::Place;
use super::event::{Event, HttpEvent};
use super::response;
use super::unanswered::Unanswered;
use super::work::Work;
use crate::captured_request::Exchange;
use crate::inference::{InferRequest, Part, Resource, find, json_length, metadata};
use crate::model::{Call, OPENAPI_FILE, Outputs, openapi};
use crate::rest::{Caller, PredictRequest, Refusal, Route, Service, base64, is_image};

/// All that an event is answered with.
pub(super) struct Answering<'a, R> {
    pub service: &'a Service,
    /// Directory of the model.
    pub directory: &'a Path,
    /// Takes the bodies of a predict request, where it is to be captured.
    pub captured: Option<&'a mut Place>,
    /// Work that the event may cause.
    pub work: &'a mut Work,
    /// Runs the model.
    pub run: R,
}

impl<R: FnOnce(&Call, &mut Work) -> Result<Outputs, Unanswered>> Answering<'_, R> {
    /// Answers an event of this source.
    pub(super) fn answer(self, source: &Event, event: &[u8]) -> Result<Vec<u8>, Unanswered> {
        match source {
            Event::Http(http) => self.http(http),
            Event::Direct => {
                self.work.sent(event.len());
                let description = &self.service.description;
                let request = PredictRequest::read(description, event, Caller::Direct, |need| self.work.take(need))?;
                Ok(response::direct(self.predict(&request, || event.into())?)?)
            }
        }
    }

    fn http(self, event: &HttpEvent) -> Result<Vec<u8>, Unanswered> {
        if event.is_no_text {
            return Err(Refusal::bad_request("the request has half a surrogate pair, which is no text").into());
        }
        let Some((method, path)) = &event.request_line else {
            return Err(Refusal::bad_request(
                "the event is no HTTP request of a Function URL, an HTTP API or a REST API",
            )
            .into());
        };
        let path = percent_decode_str(path).decode_utf8_lossy();
        if let Some(path) = find(&path) {
            return self.protocol(Resource::parse(method, path, "function")?, event);
        }
        let body = match self.service.route_decoded(method, &path)? {
            Route::Answer(body) => body,
            Route::OpenApi => match openapi(self.directory, &self.service.description.model) {
                Ok(Some(body)) => body,
                Ok(None) => return Err(self.service.undescribed().into()),
                Err(error) => return Err(Unanswered::fault(format!("cannot read {OPENAPI_FILE}: {error}"))),
            },
            Route::Explorer => return Ok(response::page(event)),
            Route::Predict => self.predict_http(event)?,
        };
        Ok(response::proxy(event, &body)?)
    }

    /// Answers a request of the Open Inference Protocol.
    fn protocol(self, resource: Resource<'_>, event: &HttpEvent) -> Result<Vec<u8>, Unanswered> {
        let description = &self.service.description;
        let body = match resource {
            Resource::Live => metadata::live(),
            Resource::Ready => metadata::ready(),
            Resource::Server => metadata::server(),
            Resource::Model { name, version, part } => {
                self.service.check_model(name)?;
                version.map_or(Ok(()), |version| self.service.check_version(version))?;
                match part {
                    Part::Metadata => metadata::model(description, &[description.version]),
                    Part::Ready => metadata::model_ready(description),
                    Part::Infer => return self.infer(event),
                }
            }
        };
        Ok(response::proxy(event, &body)?)
    }

    fn infer(self, event: &HttpEvent) -> Result<Vec<u8>, Unanswered> {
        let description = &self.service.description;
        let json_length = event.json_length.as_deref().map(json_length).transpose()?;
        let body = event.body(self.work)?;
        if event.is_text() && json_length.is_some_and(|length| length < body.len()) {
            return Err(Refusal::bad_request(
                "the body has tensors in binary form, but came as text, which changes them; let the API pass it as \
                 base64: a REST API does so with binaryMediaTypes ['*/*']",
            )
            .into());
        }
        let request = InferRequest::read(description, body, json_length, |need| self.work.take(need))?;
        let signature = &description.signatures[request.call.signature];
        response::check_values(signature.output_bytes(request.call.rows))?;
        let outputs = (self.run)(&request.call, self.work)?;
        if let Some(captured) = self.captured {
            *captured = Some(Exchange::of_tensors(SystemTime::now(), description, &request.call, &outputs));
        }
        Ok(response::proxy_answer(event, &request.form.answer(description, request.call.signature, &outputs))?)
    }

    fn predict_http(self, event: &HttpEvent) -> Result<Vec<u8>, Unanswered> {
        let (description, body) = (&self.service.description, event.body(self.work)?);
        if !is_image(description, event.content_type.as_deref().unwrap_or_default()) {
            let request = PredictRequest::read(description, &body, Caller::Http, |need| self.work.take(need))?;
            return self.predict(&request, || body);
        }
        if event.is_text() {
            return Err(Refusal::bad_request(
                "the body is an image, but came as text, which changes it; let the API pass it as base64: a REST API \
                 does so with binaryMediaTypes ['image/*']",
            )
            .into());
        }
        let request = PredictRequest::of_image(description, &body, |need| self.work.take(need))?;
        self.predict(&request, || base64::body(&body).into())
    }

    fn predict<'b>(
        self,
        request: &PredictRequest,
        body: impl FnOnce() -> Cow<'b, [u8]>,
    ) -> Result<Vec<u8>, Unanswered> {
        let signature = &self.service.description.signatures[request.call.signature];
        response::check_values(signature.output_bytes(request.call.rows))?;
        let outputs = (self.run)(&request.call, self.work)?;
        let answer = request.answer(&self.service.description, &outputs);
        if let Some(captured) = self.captured {
            *captured = Some(Exchange::new(SystemTime::now(), request.call.signature, &body(), &answer));
        }
        Ok(answer)
    }
}

/// Returns the answer to a request that is refused.
pub(super) fn refused(source: &Event, refusal: &Refusal) -> Vec<u8> {
    match source {
        Event::Http(event) => response::proxy_refusal(event, refusal),
        Event::Direct => refusal.body(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::Description;

    #[test]
    fn what_no_answer_can_hold_is_refused_before_it_is_computed() {
        let description =
            br#"{"schemaVersion": 1, "model": "m", "version": 1, "defaultSignature": "s", "signatures": {"s": {
            "batched": true,
            "inputs": {"x": {"dtype": "int8", "shape": [-1], "tensor": {"dtype": "int8", "shape": [1]}}},
            "outputs": {"y": {"dtype": "int64", "shape": [-1, 1000], "tensor": {"dtype": "int64", "shape": [1, 1000]}}}
        }}}"#;
        let service = Service::new(Arc::new(Description::parse(description).unwrap()), "function");
        // 3,145 rows have fewer values than 6 MiB hold, with a digit and a comma for each.
        for (rows, is_computed) in [(3_145, true), (3_146, false)] {
            let event = format!("{{\"inputs\": [{}0]}}", "0,".repeat(rows - 1));
            let mut ran = false;
            let answering = Answering {
                service: &service,
                directory: Path::new(""),
                captured: None,
                work: &mut Work::until(None),
                run: |call: &Call, _: &mut Work| {
                    ran = true;
                    Ok(Outputs { rows: call.rows, columns: vec![vec![0; call.rows * 8000]] })
                },
            };
            let answered = answering.answer(&Event::Direct, event.as_bytes());
            let status = answered.err().map(|error| match error {
                Unanswered::Refused(refusal) => refusal.status,
                Unanswered::Failed(failure) => panic!("{failure:?}"),
            });
            assert_eq!((ran, status), (is_computed, Some(413)), "{rows}");
        }
    }
}
