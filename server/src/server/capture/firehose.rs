use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use bytes::Bytes;
use data_encoding::BASE64;
use http::Request;
use http_body_util::Full;
use serde::{Deserialize, Serialize};

use super::batch::Record;
use super::credentials::Provider;
use super::delivery::{Refused, Sink};
use super::http::HttpClient;
use crate::environment::variable;

/// Of one call.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A stream, by its ARN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::server) struct Stream {
    partition: String,
    region: String,
    name: String,
}

/// Reads an ARN of a stream.
pub(in crate::server) fn stream(text: &str) -> Result<Stream, String> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    match parts[..] {
        ["arn", partition, "firehose", region, _, resource] if !region.is_empty() => resource
            .strip_prefix("deliverystream/")
            .filter(|name| !name.is_empty())
            .map(|name| Stream { partition: partition.to_owned(), region: region.to_owned(), name: name.to_owned() }),
        _ => None,
    }
    .ok_or_else(|| "arn:PARTITION:firehose:REGION:ACCOUNT:deliverystream/NAME is expected".to_owned())
}

impl Stream {
    /// The URL of Firehose: as AWS's own programs find it.
    fn endpoint(&self) -> String {
        let given = variable("AWS_ENDPOINT_URL_FIREHOSE").or_else(|| variable("AWS_ENDPOINT_URL"));
        given.map_or_else(|| self.usual_endpoint(), |url| format!("{}/", url.trim_end_matches('/')))
    }

    fn usual_endpoint(&self) -> String {
        let domain = match self.partition.as_str() {
            "aws-cn" => "amazonaws.com.cn",
            "aws-eusc" => "amazonaws.eu",
            "aws-iso" => "c2s.ic.gov",
            "aws-iso-b" => "sc2s.sgov.gov",
            _ => "amazonaws.com",
        };
        format!("https://firehose.{}.{domain}/", self.region)
    }
}

/// Sends records to a stream with the credentials of the pod or of the instance.
pub(super) struct Firehose {
    stream: Stream,
    endpoint: String,
    client: HttpClient,
    provider: Provider,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Call<'a> {
    delivery_stream_name: &'a str,
    records: Vec<CalledRecord>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CalledRecord {
    data: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    request_responses: Vec<RecordAnswer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RecordAnswer {
    error_code: Option<String>,
    #[serde(default)]
    error_message: String,
}

impl Firehose {
    /// Calls nothing yet.
    pub(super) fn new(stream: Stream) -> Self {
        Self { endpoint: stream.endpoint(), stream, client: HttpClient::new(), provider: Provider::default() }
    }

    async fn call(&mut self, body: Vec<u8>) -> Result<Bytes, String> {
        let credentials = self.provider.credentials(&self.client).await?;
        let request = signed(&self.endpoint, &self.stream.region, credentials, body, SystemTime::now())?;
        self.client.send(request, TIMEOUT).await
    }
}

impl Sink for Firehose {
    async fn put(&mut self, records: &[Record]) -> Result<Refused, String> {
        let called = records.iter().map(|record| CalledRecord { data: BASE64.encode(&record.data) }).collect();
        let call = Call { delivery_stream_name: &self.stream.name, records: called };
        let answer = self.call(serde_json::to_vec(&call).expect("texts are JSON")).await;
        // They may have expired, or be those of a role that has changed.
        let answer = answer.inspect_err(|_| self.provider.forget())?;
        refused(&answer, records.len())
    }
}

/// Reads which of the records of a call were not taken.
fn refused(answer: &[u8], records: usize) -> Result<Refused, String> {
    let answer: Option<Answer> = serde_json::from_slice(answer).ok();
    let answer = answer.filter(|answer| answer.request_responses.len() == records);
    let answer = answer.ok_or_else(|| format!("Firehose did not answer for each of {records} records"))?;
    let refused = answer.request_responses.into_iter().enumerate().filter_map(|(position, response)| {
        Some((position, format!("{}: {}", response.error_code?, response.error_message)))
    });
    Ok(refused.collect())
}

/// Makes a signed call of `PutRecordBatch`.
fn signed(
    endpoint: &str,
    region: &str,
    credentials: Credentials,
    body: Vec<u8>,
    time: SystemTime,
) -> Result<Request<Full<Bytes>>, String> {
    let host = endpoint.split('/').nth(2).unwrap_or_default();
    let headers = [
        ("host", host),
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", "Firehose_20150804.PutRecordBatch"),
    ];
    let identity = credentials.into();
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("firehose")
        .time(time)
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| error.to_string())?
        .into();
    let signable = SignableRequest::new("POST", endpoint, headers.into_iter(), SignableBody::Bytes(&body));
    let signature =
        sign(signable.map_err(|error| error.to_string())?, &parameters).map_err(|error| error.to_string())?;
    let (instructions, _) = signature.into_parts();
    let mut request = Request::builder().method("POST").uri(endpoint);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let mut request = request.body(Full::from(body)).map_err(|error| error.to_string())?;
    instructions.apply_to_request_http1x(&mut request);
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_named_by_its_arn_which_gives_its_endpoint() {
        for (partition, region, endpoint) in [
            ("aws", "eu-west-1", "https://firehose.eu-west-1.amazonaws.com/"),
            ("aws-cn", "cn-north-1", "https://firehose.cn-north-1.amazonaws.com.cn/"),
            ("aws-us-gov", "us-gov-east-1", "https://firehose.us-gov-east-1.amazonaws.com/"),
        ] {
            let found =
                stream(&format!("arn:{partition}:firehose:{region}:123456789012:deliverystream/captured")).unwrap();
            assert_eq!((found.usual_endpoint().as_str(), found.name.as_str()), (endpoint, "captured"));
        }
    }

    #[test]
    fn another_arn_is_refused() {
        for text in [
            "captured",
            "arn:aws:firehose::1:deliverystream/a",
            "arn:aws:kinesis:eu-west-1:1:stream/a",
            "arn:aws:firehose:eu-west-1:1:deliverystream/",
        ] {
            assert!(stream(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_answer_says_of_each_record_whether_it_was_taken() {
        let answer = br#"{"FailedPutCount": 1, "RequestResponses": [{"RecordId": "1"}, {"ErrorCode": "Busy", "ErrorMessage": "slow down"}]}"#;
        assert_eq!(refused(answer, 2), Ok(vec![(1, "Busy: slow down".to_owned())]));
    }

    #[test]
    fn an_answer_that_is_not_for_each_record_is_none() {
        let problem = Err("Firehose did not answer for each of 2 records".to_owned());
        for answer in [r#"{"RequestResponses": [{"RecordId": "1"}]}"#, "{}", "<html>"] {
            assert_eq!(refused(answer.as_bytes(), 2), problem, "{answer}");
        }
    }

    #[test]
    fn a_call_is_signed_for_the_region_with_the_session_of_the_role() {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", Some("session".to_owned()), None, "test");
        let request = signed(
            "https://firehose.eu-west-1.amazonaws.com/",
            "eu-west-1",
            credentials,
            b"{}".to_vec(),
            SystemTime::UNIX_EPOCH,
        );
        let request = request.unwrap();
        let header = |name| request.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("x-amz-security-token"), "session");
        assert_eq!(header("x-amz-date"), "19700101T000000Z");
        assert!(header("authorization").starts_with(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/19700101/eu-west-1/firehose/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature="
        ));
    }
}
