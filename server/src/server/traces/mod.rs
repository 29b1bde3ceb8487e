//! Spans of predictions, to a collector of OpenTelemetry over OTLP.
//!
//! A request never waits: its span goes into a bounded queue, which a thread of its own sends.

mod collector;
mod delivery;
mod span;

use std::time::Duration;

use hyper::Request;
use hyper::header::HeaderMap;
use opentelemetry::trace::{Span, SpanBuilder, SpanContext, SpanKind, TraceContextExt, Tracer, TracerProvider};
use opentelemetry::{Context, Key, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};

pub(super) use self::collector::{Endpoint, endpoint};
use self::delivery::{Unsent, processor};
pub(super) use self::span::{RequestSpan, of_model, within};
use super::metrics::Metrics;
use super::request_ids::RequestIds;
use crate::captured_request::Rate;

const SERVER: &str = "model_server";
/// Time for spans that wait at the end: a collector that hangs must not hold up the end of a server without requests.
const LONGEST_LAST_DELIVERY: Duration = Duration::from_secs(5);

/// The collector that gets spans, and the share of predictions that have one.
pub(super) struct Settings {
    pub endpoint: Endpoint,
    /// `None`: as the standard variables say.
    pub sample_rate: Option<Rate>,
}

/// Makes spans.
pub(super) struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    unsent: Unsent,
}

impl Traces {
    /// Starts the thread that sends.
    ///
    /// # Arguments
    ///
    /// * `models`: their names.
    ///
    /// # Errors
    ///
    /// A sentence: a standard variable has a value that this program does not know.
    pub(super) fn start<'m>(
        settings: &Settings,
        models: impl Iterator<Item = &'m str>,
        metrics: &Metrics,
    ) -> Result<Self, String> {
        let unsent = Unsent::new(&metrics.dropped_spans());
        let mut builder = SdkTracerProvider::builder()
            .with_resource(resource(service(models)))
            .with_span_processor(processor(&settings.endpoint, &unsent)?);
        if let Some(rate) = settings.sample_rate {
            let share = Sampler::TraceIdRatioBased(rate.share());
            builder = builder.with_sampler(Sampler::ParentBased(Box::new(share)));
        }
        let provider = builder.build();
        Ok(Self { tracer: provider.tracer(SERVER), provider, unsent })
    }

    /// Begins the span of a request over REST, whose ids then name it. Returns `None` for what is no prediction, and for
    /// what is not in the sample.
    pub(super) fn rest<B>(&self, request: &Request<B>, ids: &mut RequestIds) -> Option<RequestSpan> {
        let path = request.uri().path();
        let name = span::rest_name(request.method(), path)?;
        self.begin(name, || span::rest_attributes(name, path), request.headers(), ids)
    }

    /// Begins the span of a request over gRPC, as [`Self::rest`] does.
    pub(super) fn grpc<B>(&self, request: &Request<B>, ids: &mut RequestIds) -> Option<RequestSpan> {
        let name = span::grpc_name(request.uri().path())?;
        self.begin(name, || span::grpc_attributes(name), request.headers(), ids)
    }

    fn begin(
        &self,
        name: &'static str,
        attributes: impl FnOnce() -> Vec<KeyValue>,
        headers: &HeaderMap,
        ids: &mut RequestIds,
    ) -> Option<RequestSpan> {
        let parent = span::parent(ids, headers);
        let context = parent.map_or_else(Context::new, |parent| Context::new().with_remote_span_context(parent));
        let builder = SpanBuilder::from_name(name).with_kind(SpanKind::Server);
        let mut span = self.tracer.build_with_context(builder, &context);
        if !span.is_recording() {
            return None;
        }
        span.set_attributes(attributes());
        ids.set_trace_parent(&trace_parent(span.span_context()));
        Some(RequestSpan::new(&context, span))
    }

    /// Takes no further spans, and returns when those that wait are sent, or when the time is over: at most
    /// [`LONGEST_LAST_DELIVERY`].
    pub(super) async fn finish(&self, time: Duration) {
        let (provider, before, time) = (self.provider.clone(), self.unsent.refused(), time.min(LONGEST_LAST_DELIVERY));
        let _ = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(time)).await;
        self.unsent.say(before);
    }
}

fn trace_parent(span: &SpanContext) -> String {
    format!("00-{}-{}-{:02x}", span.trace_id(), span.span_id(), span.trace_flags().to_u8())
}

/// Describes this process by the standard variables; where none has its name, by this one.
fn resource(service: &str) -> Resource {
    let found = Resource::builder().build();
    let name = found.get(&Key::from_static_str("service.name"));
    let is_named = name.is_some_and(|name| !name.as_str().starts_with("unknown_service"));
    if is_named { found } else { Resource::builder().with_service_name(service.to_owned()).build() }
}

/// The only model's name, or the program's.
fn service<'m>(mut models: impl Iterator<Item = &'m str>) -> &'m str {
    let first = models.next().unwrap_or(SERVER);
    if models.all(|model| model == first) { first } else { SERVER }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_has_the_name_of_its_only_model() {
        assert_eq!(service(["digits", "digits"].into_iter()), "digits");
        assert_eq!(service(["digits", "flowers"].into_iter()), "model_server");
    }
}
