use std::future::poll_fn;
use std::pin::Pin;

use hyper::header::HeaderMap;
use hyper::{Method, StatusCode};
use opentelemetry::trace::{SpanContext, SpanId, Status, TraceContextExt, TraceFlags, TraceId, TraceState};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::Span;
use percent_encoding::percent_decode_str;
use tonic::Code;

use crate::model::Description;
use crate::rest::sentence::printable;
use crate::server::metrics::status_name;
use crate::server::request_ids::RequestIds;

/// Most characters to record of a path that a client sent.
const MOST_SHOWN: usize = 500;
/// Over gRPC.
const PREDICTIONS: [&str; 2] =
    ["tensorflow.serving.PredictionService/Predict", "inference.GRPCInferenceService/ModelInfer"];

/// The span of a request, which ends when this is dropped: without a status where the client has gone.
pub(in crate::server) struct RequestSpan(Context);

impl RequestSpan {
    pub(super) fn new(parent: &Context, span: Span) -> Self {
        Self(parent.with_span(span))
    }

    /// Ends with an answer over REST.
    pub(in crate::server) fn answered(self, status: StatusCode) {
        let span = self.0.span();
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status.as_u16())));
        if status.is_server_error() {
            self.fail(status.as_u16().to_string());
        }
    }

    /// Takes the status of an answer over gRPC, where its headers or trailers have it.
    pub(in crate::server) fn ended(&self, headers: &HeaderMap) {
        let Some(status) = headers.get("grpc-status") else { return };
        let code = Code::from_bytes(status.as_bytes());
        self.0.span().set_attribute(KeyValue::new("rpc.grpc.status_code", code as i64));
        if is_fault(code) {
            self.fail(status_name(code).to_owned());
        }
    }

    fn fail(&self, kind: String) {
        let span = self.0.span();
        span.set_attribute(KeyValue::new("error.type", kind));
        span.set_status(Status::error(""));
    }
}

/// Waits for a future, in whose polls the span is the current one.
pub(in crate::server) async fn within<F: Future>(span: Option<&RequestSpan>, mut future: Pin<&mut F>) -> F::Output {
    poll_fn(|context| {
        let _current = span.map(|span| span.0.clone().attach());
        future.as_mut().poll(context)
    })
    .await
}

/// Names the model in the current span, if there is one.
pub(in crate::server) fn of_model(description: &Description) {
    Context::map_current(|context| {
        if context.has_active_span() {
            context.span().set_attributes([
                KeyValue::new("model_server.model.name", description.model.clone()),
                KeyValue::new("model_server.model.version", description.version as i64),
            ]);
        }
    });
}

/// The span of which the client says that it is the cause.
pub(super) fn parent(ids: &RequestIds, headers: &HeaderMap) -> Option<SpanContext> {
    let text = ids.trace_parent()?;
    let trace = TraceId::from_hex(text.get(3..35)?).ok()?;
    let span = SpanId::from_hex(text.get(36..52)?).ok()?;
    let flags = TraceFlags::new(u8::from_str_radix(text.get(53..55)?, 16).ok()?);
    let state = headers.get("tracestate").and_then(|state| state.to_str().ok()?.parse::<TraceState>().ok());
    Some(SpanContext::new(trace, span, flags & TraceFlags::SAMPLED, true, state.unwrap_or_default()))
}

/// Returns the name of a request's span; `None` for what is asked without a body: probes, the metrics, descriptions.
pub(super) fn rest_name(method: &Method, path: &str) -> Option<&'static str> {
    if method != Method::POST {
        return None;
    }
    let path = percent_decode_str(path).decode_utf8_lossy();
    let named = |prefix, verb| Some(path.strip_prefix(prefix)?.strip_suffix(verb)?.split('/').collect::<Vec<_>>());
    Some(match (named("/v1/models/", ":predict").as_deref(), named("/v2/models/", "/infer").as_deref()) {
        (Some([_]), _) => "POST /v1/models/{model}:predict",
        (Some([_, "versions", _]), _) => "POST /v1/models/{model}/versions/{version}:predict",
        (Some([_, "labels", _]), _) => "POST /v1/models/{model}/labels/{label}:predict",
        (_, Some([_])) => "POST /v2/models/{model}/infer",
        (_, Some([_, "versions", _])) => "POST /v2/models/{model}/versions/{version}/infer",
        _ => "POST",
    })
}

pub(super) fn rest_attributes(name: &'static str, path: &str) -> Vec<KeyValue> {
    let mut attributes = vec![KeyValue::new("http.request.method", "POST")];
    // Any other path could be anything.
    if let Some(route) = name.strip_prefix("POST ") {
        attributes.push(KeyValue::new("http.route", route));
        attributes.push(KeyValue::new("url.path", printable(path, MOST_SHOWN)));
    }
    attributes
}

/// Returns the name of a call's span; `None` for what is no prediction.
pub(super) fn grpc_name(path: &str) -> Option<&'static str> {
    PREDICTIONS.into_iter().find(|name| path.strip_prefix('/') == Some(name))
}

pub(super) fn grpc_attributes(name: &'static str) -> Vec<KeyValue> {
    let (service, method) = name.split_once('/').unwrap_or_default();
    [("rpc.system", "grpc"), ("rpc.service", service), ("rpc.method", method)]
        .map(|(key, value)| KeyValue::new(key, value))
        .to_vec()
}

/// Tells whether a status is the server's fault, as OpenTelemetry's semantic conventions have it.
fn is_fault(code: Code) -> bool {
    use Code::{DataLoss, DeadlineExceeded, Internal, Unavailable, Unimplemented, Unknown};
    matches!(code, DataLoss | DeadlineExceeded | Internal | Unavailable | Unimplemented | Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_no_part_that_a_client_chooses() {
        for (path, name) in [
            ("/v1/models/digits:predict", "POST /v1/models/{model}:predict"),
            ("/v1/models/digits%3Apredict", "POST /v1/models/{model}:predict"),
            ("/v1/models/digits/versions/3:predict", "POST /v1/models/{model}/versions/{version}:predict"),
            ("/v1/models/digits/labels/canary:predict", "POST /v1/models/{model}/labels/{label}:predict"),
            ("/v2/models/digits/infer", "POST /v2/models/{model}/infer"),
            ("/v2/models/digits/versions/3/infer", "POST /v2/models/{model}/versions/{version}/infer"),
            ("/v2/models/digits/labels/canary/infer", "POST"),
            ("/v1/models/digits/a/b:predict", "POST"),
            ("/v1/models/digits:classify", "POST"),
            ("/", "POST"),
        ] {
            assert_eq!(rest_name(&Method::POST, path), Some(name), "{path}");
        }
    }

    #[test]
    fn only_predictions_have_spans() {
        let rest = |method| rest_name(&method, "/v1/models/digits").is_some();
        assert_eq!([Method::GET, Method::HEAD, Method::POST].map(rest), [false, false, true]);
        for (path, has_one) in [
            ("/tensorflow.serving.PredictionService/Predict", true),
            ("/inference.GRPCInferenceService/ModelInfer", true),
            ("/inference.GRPCInferenceService/ServerReady", false),
            ("/tensorflow.serving.PredictionService/GetModelMetadata", false),
            ("/grpc.health.v1.Health/Check", false),
        ] {
            assert_eq!(grpc_name(path).is_some(), has_one, "{path}");
        }
    }

    #[test]
    fn a_parent_is_read_with_its_flag_and_its_state() {
        let headers = |flags: &str| {
            let parent = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{flags}");
            HeaderMap::from_iter(
                [("traceparent", parent.as_str()), ("tracestate", "vendor=1")]
                    .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())),
            )
        };
        let read = |flags| parent(&RequestIds::read(&headers(flags)), &headers(flags)).unwrap();
        let sampled = read("03");
        assert_eq!(sampled.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(sampled.span_id().to_string(), "00f067aa0ba902b7");
        assert_eq!(sampled.trace_state().get("vendor"), Some("1"));
        assert!(sampled.is_remote());
        assert_eq!(["00", "01", "02", "03"].map(|flags| read(flags).is_sampled()), [false, true, false, true]);
    }
}
