use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::Full;
use opentelemetry_http::HttpError;
use opentelemetry_otlp::{Protocol, RetryPolicy, SpanExporter, WithExportConfig, WithHttpConfig};
use tokio::runtime::Runtime;

use crate::server::http::HttpClient;

/// Time limit of one call.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// The URL of a collector, without the path of traces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::server) struct Endpoint(String);

/// Reads the URL of a collector.
pub(in crate::server) fn endpoint(text: &str) -> Result<Endpoint, String> {
    let uri: Option<Uri> = text.parse().ok();
    let is_url = |uri: Uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.query().is_none();
    if uri.is_some_and(is_url) {
        return Ok(Endpoint(text.trim_end_matches('/').to_owned()));
    }
    Err("http://HOST:PORT or https://HOST is expected".to_owned())
}

/// The reason why the last call was not answered, which the exporter does not pass on.
pub(super) type Problem = Arc<Mutex<String>>;

/// Makes an exporter, which only a thread without an asynchronous runtime may call.
pub(super) fn exporter(endpoint: &Endpoint, problem: &Problem) -> Result<SpanExporter, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start the asynchronous runtime of the traces: {error}"))?;
    SpanExporter::builder()
        .with_http()
        .with_http_client(Collector { http: HttpClient::new(), runtime, problem: Arc::clone(problem) })
        .with_endpoint(format!("{}/v1/traces", endpoint.0))
        .with_protocol(Protocol::HttpBinary)
        .with_retry_policy(RetryPolicy::recommended())
        .build()
        .map_err(|error| format!("--otlp_endpoint: {error}"))
}

#[derive(Debug)]
struct Collector {
    http: HttpClient,
    runtime: Runtime,
    problem: Problem,
}

#[tonic::async_trait]
impl opentelemetry_http::HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let answer = self.runtime.block_on(self.http.answer(request.map(Full::new), CALL_TIMEOUT));
        let problem = match &answer {
            Ok(answer) => format!("status {}", answer.status().as_u16()),
            Err(problem) => problem.clone(),
        };
        *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = problem;
        Ok(answer?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_url_without_the_path_of_traces() {
        let read = |text| endpoint(text).map(|endpoint| endpoint.0).ok();
        assert_eq!(read("http://collector:4318").as_deref(), Some("http://collector:4318"));
        assert_eq!(read("https://collector/otlp/").as_deref(), Some("https://collector/otlp"));
        for wrong in
            ["", "collector:4318", "/v1/traces", "grpc://collector:4317", "http://", "http://a b", "http://a?b=c"]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
