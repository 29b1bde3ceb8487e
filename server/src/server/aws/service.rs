use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use bytes::Bytes;
use http::Request;
use http_body_util::Full;

use super::credentials::Provider;
use crate::environment::variable;
use crate::server::http::HttpClient;

/// Time limit of one call.
const CALL_TIMEOUT: Duration = Duration::from_secs(20);

/// The names of a service.
#[derive(Clone, Copy)]
pub(in crate::server) struct ServiceName {
    /// Name in ARNs, hosts and signatures.
    pub name: &'static str,
    /// The variable that gives it another endpoint.
    pub endpoint_variable: &'static str,
}

/// The name of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::server) struct Arn {
    text: String,
    partition: String,
    region: String,
    /// All after the account.
    pub resource: String,
}

impl Arn {
    /// Reads an ARN; nothing where it is of another service, or has no region.
    pub(in crate::server) fn of(service: ServiceName, text: &str) -> Option<Self> {
        match text.splitn(6, ':').collect::<Vec<_>>()[..] {
            ["arn", partition, name, region, _, resource] if name == service.name && !region.is_empty() => Some(Self {
                text: text.to_owned(),
                partition: partition.to_owned(),
                region: region.to_owned(),
                resource: resource.to_owned(),
            }),
            _ => None,
        }
    }

    pub(in crate::server) fn as_str(&self) -> &str {
        &self.text
    }

    /// The URL of the service: as AWS's own programs find it.
    fn endpoint(&self, service: ServiceName) -> String {
        let given = variable(service.endpoint_variable).or_else(|| variable("AWS_ENDPOINT_URL"));
        given.map_or_else(|| self.usual_endpoint(service), |url| format!("{}/", url.trim_end_matches('/')))
    }

    fn usual_endpoint(&self, service: ServiceName) -> String {
        let domain = match self.partition.as_str() {
            "aws-cn" => "amazonaws.com.cn",
            "aws-eusc" => "amazonaws.eu",
            "aws-iso" => "c2s.ic.gov",
            "aws-iso-b" => "sc2s.sgov.gov",
            _ => "amazonaws.com",
        };
        format!("https://{}.{}.{domain}/", service.name, self.region)
    }
}

/// A service with an API of JSON, in the region of one resource.
pub(in crate::server) struct Service {
    name: &'static str,
    region: String,
    endpoint: String,
    client: HttpClient,
    provider: Provider,
}

impl Service {
    /// Calls nothing yet.
    pub(in crate::server) fn new(service: ServiceName, resource: &Arn) -> Self {
        Self {
            name: service.name,
            region: resource.region.clone(),
            endpoint: resource.endpoint(service),
            client: HttpClient::new(),
            provider: Provider::default(),
        }
    }

    /// Calls an operation, and returns the body of the answer.
    ///
    /// # Errors
    ///
    /// A sentence that says why there is no answer, or which failure the answer is.
    pub(in crate::server) async fn call(&mut self, operation: &str, body: Vec<u8>) -> Result<Bytes, String> {
        let answer = self.signed_call(operation, body).await;
        // They may have expired, or be those of a role that has changed.
        answer.inspect_err(|_| self.provider.forget())
    }

    async fn signed_call(&mut self, operation: &str, body: Vec<u8>) -> Result<Bytes, String> {
        let credentials = self.provider.credentials(&self.client).await?;
        let request = self.signed(operation, credentials, body, SystemTime::now())?;
        self.client.send(request, CALL_TIMEOUT).await
    }

    fn signed(
        &self,
        operation: &str,
        credentials: Credentials,
        body: Vec<u8>,
        time: SystemTime,
    ) -> Result<Request<Full<Bytes>>, String> {
        let host = self.endpoint.split('/').nth(2).unwrap_or_default();
        let headers = [("host", host), ("content-type", "application/x-amz-json-1.1"), ("x-amz-target", operation)];
        let identity = credentials.into();
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.name)
            .time(time)
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| error.to_string())?
            .into();
        let signable = SignableRequest::new("POST", &self.endpoint, headers.into_iter(), SignableBody::Bytes(&body));
        let signature =
            sign(signable.map_err(|error| error.to_string())?, &parameters).map_err(|error| error.to_string())?;
        let (instructions, _) = signature.into_parts();
        let mut request = Request::builder().method("POST").uri(&self.endpoint);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let mut request = request.body(Full::from(body)).map_err(|error| error.to_string())?;
        instructions.apply_to_request_http1x(&mut request);
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUEUE: ServiceName = ServiceName { name: "sqs", endpoint_variable: "AWS_ENDPOINT_URL_SQS" };

    #[test]
    fn an_arn_gives_the_endpoint_of_its_region_and_partition() {
        for (partition, region, endpoint) in [
            ("aws", "eu-west-1", "https://sqs.eu-west-1.amazonaws.com/"),
            ("aws-cn", "cn-north-1", "https://sqs.cn-north-1.amazonaws.com.cn/"),
            ("aws-us-gov", "us-gov-east-1", "https://sqs.us-gov-east-1.amazonaws.com/"),
        ] {
            let arn = Arn::of(QUEUE, &format!("arn:{partition}:sqs:{region}:123456789012:a:b")).unwrap();
            assert_eq!((arn.usual_endpoint(QUEUE).as_str(), arn.resource.as_str()), (endpoint, "a:b"));
        }
    }

    #[test]
    fn an_arn_of_another_service_or_without_a_region_is_none() {
        for text in ["a", "arn:aws:sqs::1:a", "arn:aws:sns:eu-west-1:1:a"] {
            assert_eq!(Arn::of(QUEUE, text), None, "{text}");
        }
    }

    #[test]
    fn a_call_is_signed_for_the_region_with_the_session_of_the_role() {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", Some("session".to_owned()), None, "test");
        let service = Service::new(QUEUE, &Arn::of(QUEUE, "arn:aws:sqs:eu-west-1:1:a").unwrap());
        let request = service.signed("AmazonSQS.SendMessage", credentials, b"{}".to_vec(), SystemTime::UNIX_EPOCH);
        let request = request.unwrap();
        let header = |name| request.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("x-amz-security-token"), "session");
        assert_eq!(header("x-amz-date"), "19700101T000000Z");
        assert!(header("authorization").starts_with(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/19700101/eu-west-1/sqs/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature="
        ));
    }
}
