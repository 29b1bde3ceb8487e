use std::time::{Duration, Instant};

use aws_credential_types::Credentials;
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde::Deserialize;

use crate::environment::variable;
use crate::server::http::HttpClient;

/// Longest time that credentials are kept: their sources replace them some minutes before they expire.
const LONGEST_KEPT: Duration = Duration::from_mins(1);
const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// The instance metadata service.
const METADATA_SERVICE: &str = "http://169.254.169.254";
const ROLES_PATH: &str = "/latest/meta-data/iam/security-credentials/";

/// The credentials of the pod's or the instance's role, as the AWS SDKs find them there.
///
/// From variables, else from EKS Pod Identity, else from the instance metadata service, version 2.
#[derive(Default)]
pub(super) struct Provider {
    known: Option<(Credentials, Instant)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    access_key_id: String,
    secret_access_key: String,
    token: Option<String>,
}

impl Provider {
    /// Returns credentials that are a minute old at most.
    ///
    /// # Errors
    ///
    /// A sentence that says why there are none.
    pub(super) async fn credentials(&mut self, client: &HttpClient) -> Result<Credentials, String> {
        if let Some((known, since)) = &self.known
            && since.elapsed() < LONGEST_KEPT
        {
            return Ok(known.clone());
        }
        let found = find(client).await.map_err(|problem| format!("no credentials: {problem}"))?;
        self.known = Some((found.clone(), Instant::now()));
        Ok(found)
    }

    /// Has the next call ask for new ones.
    pub(super) fn forget(&mut self) {
        self.known = None;
    }
}

async fn find(client: &HttpClient) -> Result<Credentials, String> {
    if let (Some(id), Some(secret)) = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
        return Ok(Credentials::new(id, secret, variable("AWS_SESSION_TOKEN"), None, "environment"));
    }
    if let (None, Some(role), Some(_)) = (
        variable("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
        variable("AWS_ROLE_ARN"),
        variable("AWS_WEB_IDENTITY_TOKEN_FILE"),
    ) {
        // Otherwise the node's role would send the requests.
        return Err(format!(
            "{role} is the role of a service account (IRSA), which this server cannot assume: give the service account a \
             pod identity association"
        ));
    }
    let answer = match variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
        Some(url) => ask_container(client, &url).await?,
        None => ask_instance(client).await?,
    };
    let answer: Answer =
        serde_json::from_slice(&answer).map_err(|_| "they are no JSON with an AccessKeyId".to_owned())?;
    Ok(Credentials::new(answer.access_key_id, answer.secret_access_key, answer.token, None, "role"))
}

async fn ask_container(client: &HttpClient, url: &str) -> Result<Bytes, String> {
    // The file is replaced before its token expires.
    let token = match variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
        Some(path) => std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?,
        None => variable("AWS_CONTAINER_AUTHORIZATION_TOKEN").unwrap_or_default(),
    };
    ask(client, "GET", url, &[("authorization", token.trim())]).await
}

async fn ask_instance(client: &HttpClient) -> Result<Bytes, String> {
    if variable("AWS_EC2_METADATA_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Err("there are no variables with them, and AWS_EC2_METADATA_DISABLED is true".to_owned());
    }
    let service = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT").unwrap_or_else(|| METADATA_SERVICE.to_owned());
    let service = service.trim_end_matches('/');
    let url = format!("{service}/latest/api/token");
    let token = ask(client, "PUT", &url, &[("x-aws-ec2-metadata-token-ttl-seconds", "60")]).await?;
    let token = String::from_utf8_lossy(&token).into_owned();
    let header = [("x-aws-ec2-metadata-token", token.as_str())];
    let roles = ask(client, "GET", &format!("{service}{ROLES_PATH}"), &header).await?;
    let role = String::from_utf8_lossy(&roles).lines().next().unwrap_or_default().to_owned();
    ask(client, "GET", &format!("{service}{ROLES_PATH}{role}"), &header).await
}

async fn ask(client: &HttpClient, method: &str, url: &str, headers: &[(&str, &str)]) -> Result<Bytes, String> {
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::default()).map_err(|error| error.to_string())?;
    client.send(request, CALL_TIMEOUT).await
}
