use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use super::batch::Record;
use super::delivery::{Refused, Sink};
use crate::server::aws::{Arn, Service, ServiceName};

const FIREHOSE: ServiceName = ServiceName { name: "firehose", endpoint_variable: "AWS_ENDPOINT_URL_FIREHOSE" };

/// A stream, by its ARN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::server) struct Stream {
    arn: Arn,
    name: String,
}

/// Reads an ARN of a stream.
pub(in crate::server) fn stream(text: &str) -> Result<Stream, String> {
    Arn::of(FIREHOSE, text)
        .and_then(|arn| {
            let name = arn.resource.strip_prefix("deliverystream/").filter(|name| !name.is_empty())?.to_owned();
            Some(Stream { arn, name })
        })
        .ok_or_else(|| "arn:PARTITION:firehose:REGION:ACCOUNT:deliverystream/NAME is expected".to_owned())
}

/// Sends records to a stream with the credentials of the pod or of the instance.
pub(super) struct Firehose {
    name: String,
    service: Service,
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
        Self { service: Service::new(FIREHOSE, &stream.arn), name: stream.name }
    }
}

impl Sink for Firehose {
    async fn put(&mut self, records: &[Record]) -> Result<Refused, String> {
        let called = records.iter().map(|record| CalledRecord { data: BASE64.encode(&record.data) }).collect();
        let call = Call { delivery_stream_name: &self.name, records: called };
        let body = serde_json::to_vec(&call).expect("texts are JSON");
        let answer = self.service.call("Firehose_20150804.PutRecordBatch", body).await?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_named_by_its_arn() {
        let found = stream("arn:aws:firehose:eu-west-1:123456789012:deliverystream/captured");
        assert_eq!(found.unwrap().name, "captured");
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
}
