use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use super::pem::Pem;
use crate::server::aws::{Arn, Service, ServiceName};

const SECRETS_MANAGER: ServiceName =
    ServiceName { name: "secretsmanager", endpoint_variable: "AWS_ENDPOINT_URL_SECRETS_MANAGER" };
/// Pauses between the first attempts, in seconds: the role's policy and the network may become ready after the server.
const FIRST_RETRY_PAUSES: [u64; 5] = [1, 2, 4, 8, 15];

/// Reads an ARN of a secret.
pub(in crate::server) fn secret_arn(text: &str) -> Result<Arn, String> {
    Arn::of(SECRETS_MANAGER, text)
        .filter(|arn| arn.resource.starts_with("secret:"))
        .ok_or_else(|| "arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:NAME is expected".to_owned())
}

/// A secret of AWS Secrets Manager that holds a certificate and its key.
pub(in crate::server) struct Secret {
    arn: Arn,
    service: Service,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    secret_string: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Value {
    certificate: String,
    private_key: String,
}

impl Secret {
    pub(super) fn new(arn: Arn) -> Self {
        Self { service: Service::new(SECRETS_MANAGER, &arn), arn }
    }

    /// Reads the current value, and tries for half a minute.
    ///
    /// # Errors
    ///
    /// As those of `read`, of the last attempt.
    pub(super) async fn read_patiently(&mut self) -> Result<Pem, String> {
        patiently(async || self.read().await).await
    }

    /// Reads the current value.
    ///
    /// # Errors
    ///
    /// A sentence, which has nothing of the value.
    pub(super) async fn read(&mut self) -> Result<Pem, String> {
        let call = serde_json::json!({ "SecretId": self.arn.as_str() }).to_string();
        let answer = self.service.call("secretsmanager.GetSecretValue", call.into_bytes()).await;
        let answer = answer.map_err(|problem| format!("cannot read {self}: {problem}"))?;
        value(&answer).ok_or_else(|| {
            format!(
                "{self} must be JSON with the members certificate and privateKey, both as PEM: give it such a value"
            )
        })
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the secret {}", self.arn.as_str())
    }
}

/// Returns the first success, or the last problem after half a minute.
async fn patiently<T>(mut read: impl AsyncFnMut() -> Result<T, String>) -> Result<T, String> {
    for seconds in FIRST_RETRY_PAUSES {
        match read().await {
            Ok(found) => return Ok(found),
            Err(problem) => tracing::warn!(problem, "the certificate cannot be read yet"),
        }
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }
    read().await
}

fn value(answer: &[u8]) -> Option<Pem> {
    let answer: Answer = serde_json::from_slice(answer).ok()?;
    let value: Value = serde_json::from_str(&answer.secret_string).ok()?;
    Some(Pem { certificate: value.certificate.into_bytes(), key: value.private_key.into_bytes() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_named_by_its_arn() {
        let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:digits/tls-a1b2c3";
        assert_eq!(secret_arn(arn).unwrap().as_str(), arn);
        for wrong in ["digits/tls", "arn:aws:secretsmanager:eu-west-1:1:digits", "arn:aws:ssm:eu-west-1:1:secret:a"] {
            assert!(secret_arn(wrong).is_err(), "{wrong}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn reading_ends_with_the_last_problem_after_half_a_minute_and_with_the_first_success() {
        let (start, mut attempts) = (tokio::time::Instant::now(), 0);
        let mut fails_until = async |success| {
            patiently(async || {
                attempts += 1;
                if attempts == success { Ok(attempts) } else { Err(format!("problem {attempts}")) }
            })
            .await
        };
        assert_eq!(fails_until(0).await, Err("problem 6".to_owned()));
        assert_eq!(start.elapsed(), Duration::from_secs(30));
        assert_eq!(fails_until(9).await, Ok(9));
    }

    #[test]
    fn a_value_has_a_certificate_and_a_key() {
        let found =
            value(br#"{"SecretString": "{\"certificate\": \"c\", \"privateKey\": \"k\", \"more\": 1}"}"#).unwrap();
        assert_eq!((&*found.certificate, &*found.key), (&b"c"[..], &b"k"[..]));
        for wrong in [r#"{"SecretString": "{}"}"#, r#"{"SecretString": "k"}"#, r#"{"SecretBinary": "a2V5"}"#] {
            assert!(value(wrong.as_bytes()).is_none(), "{wrong}");
        }
    }
}
