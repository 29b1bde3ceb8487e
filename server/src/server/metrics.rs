use std::sync::OnceLock;

use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};
use tonic::Code;

use super::capture::CaptureMetrics;

/// Number of gRPC's statuses.
const STATUS_COUNT: usize = Code::Unauthenticated as usize + 1;

/// Interface and method that a request came in by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// A POST to `:predict`.
    RestPredict,
    /// A GET of a model's state or metadata, of which TensorFlow Serving does not say the API.
    RestOther,
    /// PredictionService/Predict.
    GrpcPredict,
    /// A POST to `/infer` of the Open Inference Protocol.
    RestInfer,
    /// GRPCInferenceService/ModelInfer.
    GrpcInfer,
}

impl Entry {
    /// Number of entries.
    pub(super) const COUNT: usize = 5;
}

/// The metrics of TensorFlow Serving under its names, and a few that it lacks. Times are in microseconds.
pub(super) struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    latency: HistogramVec,
    runtime: HistogramVec,
    queuing: HistogramVec,
    rows: HistogramVec,
    waiting: IntGaugeVec,
    /// Bytes that requests in flight have taken.
    pub memory: IntGauge,
    /// gRPC messages that are none of this interface, and so of no model.
    pub undecodable: IntCounter,
    loading: HistogramVec,
    copies: IntGaugeVec,
}

/// The metrics of one model.
pub(super) struct ModelMetrics {
    name: String,
    requests: IntCounterVec,
    /// Counters of `requests`, by the number of the status: to look one up takes longer than to count.
    answered: [OnceLock<IntCounter>; STATUS_COUNT],
    latency: [Histogram; Entry::COUNT],
    /// Time of the model's own computation.
    pub runtime: Histogram,
    /// Time between a request's arrival in the queue and its turn.
    pub queuing: Histogram,
    /// Rows that a run computed.
    pub rows: Histogram,
    /// Requests in the queue.
    pub waiting: IntGauge,
    /// Time of checking and loading the files, until the first instance is compiled.
    pub loading: Histogram,
    /// Compiled instances.
    pub copies: IntGauge,
}

impl Metrics {
    /// Makes the metrics, all at 0.
    pub(super) fn new() -> Self {
        let registry = Registry::new();
        let histogram_of = |name: &str, help: &str, labels: &[&str], buckets: Vec<f64>| {
            let options = HistogramOpts::new(name, help).buckets(buckets);
            let metric = HistogramVec::new(options, labels).expect("a valid name");
            registry.register(Box::new(metric.clone())).expect("a name of its own");
            metric
        };
        let histogram = |name: &str, help: &str, labels: &[&str]| {
            // TensorFlow Serving's own buckets.
            histogram_of(name, help, labels, prometheus::exponential_buckets(10.0, 1.8, 33).expect("a growing row"))
        };
        let gauge = |name: &str, help: &str| {
            let metric = IntGaugeVec::new(Opts::new(name, help), &["model_name"]).expect("a valid name");
            registry.register(Box::new(metric.clone())).expect("a name of its own");
            metric
        };
        let memory =
            IntGauge::new("model_server:request_memory_bytes", "Memory that the requests in flight may be using.");
        let memory = memory.expect("a valid name");
        registry.register(Box::new(memory.clone())).expect("a name of its own");
        let undecodable = IntCounter::new("model_server:undecodable_messages", "gRPC messages that cannot be decoded.");
        let undecodable = undecodable.expect("a valid name");
        registry.register(Box::new(undecodable.clone())).expect("a name of its own");
        let requests = Opts::new(":tensorflow:serving:request_count", "The total number of requests.");
        let requests = IntCounterVec::new(requests, &["model_name", "status"]).expect("a valid name");
        registry.register(Box::new(requests.clone())).expect("a name of its own");
        Self {
            latency: histogram(
                ":tensorflow:serving:request_latency",
                "Distribution of wall time (in microseconds) of requests.",
                &["model_name", "API", "entrypoint"],
            ),
            runtime: histogram(
                ":tensorflow:serving:runtime_latency",
                "Distribution of wall time (in microseconds) of the model's computation.",
                &["model_name", "API", "runtime"],
            ),
            queuing: histogram(
                "model_server:queuing_latency",
                "Distribution of wall time (in microseconds) that requests waited for an instance of the model.",
                &["model_name"],
            ),
            rows: histogram_of(
                "model_server:rows_per_run",
                "Distribution of the rows that a run of the model computed, of one request or of several.",
                &["model_name"],
                prometheus::exponential_buckets(1.0, 2.0, 11).expect("a growing row"),
            ),
            loading: histogram(
                "model_server:model_load_latency",
                "Wall time (in microseconds) of checking, loading and compiling the model for the first time.",
                &["model_name"],
            ),
            waiting: gauge("model_server:queue_length", "Requests that wait for an instance of the model."),
            copies: gauge("model_server:compiled_copies", "Compiled instances of the model."),
            memory,
            undecodable,
            requests,
            registry,
        }
    }

    /// The metrics of a model, which its versions share, as TensorFlow Serving has it.
    pub(super) fn model(&self, name: &str) -> ModelMetrics {
        let latency = |api, entry| self.latency.with_label_values(&[name, api, entry]);
        ModelMetrics {
            name: name.to_owned(),
            requests: self.requests.clone(),
            answered: [const { OnceLock::new() }; STATUS_COUNT],
            latency: [
                latency("predict", "REST"),
                latency("", "REST"),
                latency("Predict", "GRPC"),
                latency("infer", "REST"),
                latency("ModelInfer", "GRPC"),
            ],
            runtime: self.runtime.with_label_values(&[name, "Predict", "LiteRT"]),
            queuing: self.queuing.with_label_values(&[name]),
            rows: self.rows.with_label_values(&[name]),
            waiting: self.waiting.with_label_values(&[name]),
            loading: self.loading.with_label_values(&[name]),
            copies: self.copies.with_label_values(&[name]),
        }
    }

    /// The counters of captured requests. Called once, where requests are captured.
    pub(super) fn capture(&self) -> CaptureMetrics {
        let sent = IntCounter::new("model_server:captured_requests", "Captured requests that Firehose has taken.");
        let sent = sent.expect("a valid name");
        let dropped = Opts::new(
            "model_server:dropped_captures",
            "Requests in the sample to capture that did not reach Firehose, by the reason.",
        );
        let dropped = IntCounterVec::new(dropped, &["reason"]).expect("a valid name");
        self.registry.register(Box::new(sent.clone())).expect("a name of its own");
        self.registry.register(Box::new(dropped.clone())).expect("a name of its own");
        CaptureMetrics::new(sent, &dropped)
    }

    /// The counters of spans that are lost, by the reason. Called once, where spans are made.
    #[cfg(feature = "otlp")]
    pub(super) fn dropped_spans(&self) -> IntCounterVec {
        let dropped = Opts::new("model_server:dropped_spans", "Spans that did not reach the collector, by the reason.");
        let dropped = IntCounterVec::new(dropped, &["reason"]).expect("a valid name");
        self.registry.register(Box::new(dropped.clone())).expect("a name of its own");
        dropped
    }

    /// Returns the page that Prometheus reads.
    pub(super) fn page(&self) -> Vec<u8> {
        let mut page = Vec::new();
        let encoder = prometheus::TextEncoder::new();
        encoder.encode(&self.registry.gather(), &mut page).expect("memory can be written");
        page
    }
}

impl ModelMetrics {
    /// Counts an answered request.
    pub(super) fn answered(&self, entry: Entry, code: Code, microseconds: f64) {
        let counter = || self.requests.with_label_values(&[self.name.as_str(), status_name(code)]);
        self.answered[code as usize].get_or_init(counter).inc();
        self.latency[entry as usize].observe(microseconds);
    }
}

/// The name of a gRPC status as TensorFlow has it.
pub(super) fn status_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_tensorflow_servings_names_labels_and_units() {
        let metrics = Metrics::new();
        let model = metrics.model("digits");
        model.answered(Entry::RestPredict, Code::Ok, 15.0);
        model.answered(Entry::GrpcPredict, Code::FailedPrecondition, 1e9);
        let page = String::from_utf8(metrics.page()).unwrap();
        for line in [
            r#":tensorflow:serving:request_count{model_name="digits",status="OK"} 1"#,
            r#":tensorflow:serving:request_count{model_name="digits",status="FAILED_PRECONDITION"} 1"#,
            r#":tensorflow:serving:request_latency_bucket{API="predict",entrypoint="REST",model_name="digits",le="10"} 0"#,
            r#":tensorflow:serving:request_latency_bucket{API="predict",entrypoint="REST",model_name="digits",le="18"} 1"#,
            r#":tensorflow:serving:request_latency_sum{API="Predict",entrypoint="GRPC",model_name="digits"} 1000000000"#,
            r#":tensorflow:serving:request_latency_count{API="",entrypoint="REST",model_name="digits"} 0"#,
            r#"model_server:compiled_copies{model_name="digits"} 0"#,
        ] {
            assert!(page.lines().any(|other| other == line), "{line} is not in\n{page}");
        }
    }
}
