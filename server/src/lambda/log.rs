//! The function's log: one line of JSON for each thing that happens, with CloudWatch's metrics in it.
//!
//! CloudWatch makes metrics of such a line by itself (embedded metric format), so that a request costs no call of its
//! API. Names in `PascalCase` are what CloudWatch sees as metrics and dimensions.
//!
//! See <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>.

use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::json;

use crate::captured_request::NotCaptured;
use crate::model::Description;
use crate::rest::Refusal;

/// Writes the lines of one function.
///
/// With a namespace every request writes one, without it only the start and failures do.
pub(super) struct Log {
    loaded: Template,
    request: Template,
    dropped: Template,
    has_metrics: bool,
}

/// Writes a line about what costs time or memory only.
pub(super) fn warn(message: &str) {
    write(format!("{}\n", json!({ "level": "WARN", "message": message })).as_bytes());
}

/// The line of one request, not yet written.
pub(super) struct RequestLine<'a> {
    log: &'a Log,
    request_id: &'a str,
    trace_id: Option<&'a str>,
    milliseconds: f64,
}

#[derive(Serialize)]
struct LoadedRecord {
    level: &'static str,
    message: &'static str,
    runtime: &'static str,
    #[serde(rename = "ModelLoadTime")]
    model_load_time: f64,
}

#[derive(Serialize)]
struct RequestRecord<'a> {
    level: &'static str,
    message: &'a str,
    status: u16,
    #[serde(rename = "Errors")]
    errors: u8,
    #[serde(rename = "requestId")]
    request_id: &'a str,
    #[serde(rename = "Latency")]
    latency: f64,
    #[serde(rename = "traceId", skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'a str>,
}

#[derive(Serialize)]
struct DroppedRecord<'a> {
    level: &'static str,
    message: &'a str,
    #[serde(rename = "requestId")]
    request_id: &'a str,
    #[serde(rename = "DroppedCaptures")]
    dropped_captures: u8,
}

impl Log {
    /// Makes the log of a function from Lambda's environment variables.
    pub(super) fn new(description: &Description, variable: impl Fn(&str) -> Option<String>) -> Self {
        let namespace = variable("METRIC_NAMESPACE");
        // Set by Lambda. The default is for a process that is not one of Lambda's: CloudWatch takes no empty value.
        let or = |name: &str, default: &str| variable(name).unwrap_or_else(|| default.to_owned());
        let fixed = Fixed {
            function_name: or("AWS_LAMBDA_FUNCTION_NAME", "local"),
            function_version: or("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            model_name: &description.model,
            model_version: description.version.to_string(),
        };
        let template = |metrics: &[(&str, &str)]| Template::new(&fixed, namespace.as_deref(), metrics);
        Self {
            loaded: template(&[("ModelLoadTime", "Milliseconds")]),
            request: template(&[("Latency", "Milliseconds"), ("Errors", "Count")]),
            dropped: template(&[("DroppedCaptures", "Count")]),
            has_metrics: namespace.is_some(),
        }
    }

    /// Says that the model is ready.
    pub(super) fn loaded(&self, time: Duration) {
        let record = LoadedRecord {
            level: "INFO",
            message: "model loaded",
            runtime: "native",
            model_load_time: milliseconds(time),
        };
        write(&self.loaded.line(&record));
    }

    /// Writes the line of a captured request, or why there is none.
    pub(super) fn captured(&self, request_id: &str, line: Result<Vec<u8>, NotCaptured>) {
        match line {
            Ok(line) => write(&line),
            Err(reason) => write(&self.dropped.line(&DroppedRecord {
                level: "WARN",
                message: &reason.to_string(),
                request_id,
                dropped_captures: 1,
            })),
        }
    }

    /// Begins the line of a request.
    pub(super) fn request<'a>(
        &'a self,
        request_id: &'a str,
        trace_id: Option<&'a str>,
        latency: Duration,
    ) -> RequestLine<'a> {
        RequestLine { log: self, request_id, trace_id, milliseconds: milliseconds(latency) }
    }
}

impl RequestLine<'_> {
    /// Says that the request was answered.
    pub(super) fn answered(self) {
        if self.log.has_metrics {
            write(&self.line("INFO", "answered", 200, 0));
        }
    }

    /// Says what the client was told.
    pub(super) fn refused(self, refusal: &Refusal) {
        if self.log.has_metrics {
            write(&self.line("WARN", &refusal.message, refusal.status, 0));
        }
    }

    /// Says why the function failed, for this log only.
    ///
    /// `answered`: the caller gets this status, which is no error to Lambda. One that Lambda counts is not counted again.
    pub(super) fn failed(self, status: u16, reason: &str, answered: bool) {
        write(&self.line("ERROR", reason, status, u8::from(answered)));
    }

    fn line(&self, level: &'static str, message: &str, status: u16, errors: u8) -> Vec<u8> {
        self.log.request.line(&RequestRecord {
            level,
            message,
            status,
            errors,
            request_id: self.request_id,
            latency: self.milliseconds,
            trace_id: self.trace_id.map(root),
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Fixed<'a> {
    function_name: String,
    function_version: String,
    model_name: &'a str,
    model_version: String,
}

/// Text that all lines of a kind have in common, encoded once.
struct Template {
    before: String,
    after: String,
    has_timestamp: bool,
}

impl Template {
    fn new(fixed: &Fixed<'_>, namespace: Option<&str>, metrics: &[(&str, &str)]) -> Self {
        let fixed = serde_json::to_string(fixed).expect("four strings are JSON");
        let members = fixed.trim_start_matches('{').trim_end_matches('}');
        let Some(namespace) = namespace else {
            return Self { before: String::new(), after: format!("{{{members},"), has_timestamp: false };
        };
        let metrics: Vec<_> = metrics.iter().map(|(name, unit)| json!({"Name": name, "Unit": unit})).collect();
        let directive = json!({
            "Namespace": namespace,
            "Dimensions": [
                // What alarms watch: the same through all versions.
                ["FunctionName", "ModelName"],
                // What compares versions: one of the function can hold the same model as another.
                ["FunctionName", "FunctionVersion", "ModelName", "ModelVersion"],
            ],
            "Metrics": metrics,
        });
        Self {
            before: "{\"_aws\":{\"Timestamp\":".to_owned(),
            after: format!(",\"CloudWatchMetrics\":[{directive}]}},{members},"),
            has_timestamp: true,
        }
    }

    /// Returns the line of a record, which has at least one member.
    fn line(&self, record: &impl Serialize) -> Vec<u8> {
        let record = serde_json::to_vec(record).expect("a record is JSON");
        let mut line = Vec::with_capacity(self.before.len() + self.after.len() + record.len() + 24);
        line.extend_from_slice(self.before.as_bytes());
        if self.has_timestamp {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            line.extend_from_slice(itoa::Buffer::new().format(now.as_millis()).as_bytes());
        }
        line.extend_from_slice(self.after.as_bytes());
        line.extend_from_slice(&record[1..]);
        line.push(b'\n');
        line
    }
}

/// Returns the root of X-Ray's header, `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`.
fn root(header: &str) -> &str {
    let first = header.split(';').next().unwrap_or_default();
    first.strip_prefix("Root=").unwrap_or(first)
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

/// Lambda ships standard output to the log group. In one piece: lines of an extension must not end up within.
fn write(line: &[u8]) {
    let mut output = std::io::stdout().lock();
    // Nobody could be told that the log cannot be written.
    let _ = output.write_all(line).and_then(|()| output.flush());
}
