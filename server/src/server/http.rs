use std::error::Error;
use std::iter::successors;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};

/// Most bytes of an answer.
const LARGEST_ANSWER: usize = 4 << 20;
/// Time after which an unused connection is closed.
const IDLE_CONNECTION_TIMEOUT: Duration = Duration::from_secs(30);

/// Sends requests over HTTP and HTTPS, with the system's certificates of authorities.
#[derive(Debug)]
pub(super) struct HttpClient {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    has_authorities: bool,
}

impl HttpClient {
    /// Reads the certificates.
    pub(super) fn new() -> Self {
        let mut authorities = RootCertStore::empty();
        authorities.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let has_authorities = !authorities.is_empty();
        let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has what these versions need")
            .with_root_certificates(authorities)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().build();
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE_CONNECTION_TIMEOUT);
        Self { client: builder.build(connector), has_authorities }
    }

    /// Sends a request, and returns the body of its answer.
    ///
    /// # Errors
    ///
    /// A sentence that says why there is no answer, or which failure the answer is.
    pub(super) async fn send(&self, request: Request<Full<Bytes>>, timeout: Duration) -> Result<Bytes, String> {
        let url = request.uri().to_string();
        let answer = self.answer(request, timeout).await;
        answer.and_then(success).map_err(|problem| format!("{url}: {problem}"))
    }

    /// Sends a request, and returns its answer, whatever the status.
    ///
    /// # Errors
    ///
    /// A sentence that says why there is no answer.
    pub(super) async fn answer(
        &self,
        request: Request<Full<Bytes>>,
        timeout: Duration,
    ) -> Result<Response<Bytes>, String> {
        if !self.has_authorities && request.uri().scheme_str() == Some("https") {
            return Err("this image has no certificates of authorities: install the package ca-certificates".to_owned());
        }
        let answer = tokio::time::timeout(timeout, self.exchange(request)).await;
        answer.unwrap_or_else(|_| Err(format!("no answer within {} s", timeout.as_secs())))
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, String> {
        let answer = self.client.request(request).await.map_err(|error| with_causes(&error))?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, LARGEST_ANSWER).collect().await.map_err(|error| with_causes(error.as_ref()))?;
        Ok(Response::from_parts(head, body.to_bytes()))
    }
}

fn success(answer: Response<Bytes>) -> Result<Bytes, String> {
    if answer.status() == StatusCode::OK {
        return Ok(answer.into_body());
    }
    let text = String::from_utf8_lossy(answer.body());
    Err(format!("status {}: {}", answer.status().as_u16(), text.chars().take(300).collect::<String>()))
}

/// An error's own words say only what failed; those of its causes say why.
fn with_causes(error: &(dyn Error + 'static)) -> String {
    successors(Some(error), |&error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
