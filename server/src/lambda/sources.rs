//! Events of queues, streams and rules, which are no requests: returned as an answer, an error would be a success, and
//! the queue would delete its messages.

use serde::Deserialize;
use serde::de::IgnoredAny;

#[derive(Deserialize)]
struct Sent {
    #[serde(rename = "Records")]
    records: Option<Vec<Record>>,
    #[serde(rename = "invocationSchemaVersion")]
    schema: Option<IgnoredAny>,
    tasks: Option<Vec<IgnoredAny>>,
    #[serde(rename = "detail-type")]
    detail_type: Option<String>,
    source: Option<String>,
}

#[derive(Deserialize)]
struct Record {
    #[serde(rename = "eventSource", alias = "EventSource")]
    source: Option<String>,
}

/// Returns the source that an event names, where its form is that of a queue, a stream, a topic, a bucket, a batch
/// operation or a rule.
pub(super) fn source_of(event: &[u8]) -> Option<String> {
    let sent: Sent = serde_json::from_slice(event).ok()?;
    if let Some(record) = sent.records.and_then(|records| records.into_iter().next()) {
        return record.source;
    }
    if sent.tasks.is_some() && sent.schema.is_some() {
        return Some("aws:s3-batch".to_owned());
    }
    sent.detail_type.and(sent.source)
}

#[cfg(test)]
mod tests {
    use super::source_of;

    #[test]
    fn every_format_names_its_source() {
        for (event, expected) in [
            (r#"{"Records": [{"messageId": "1", "body": "{}", "eventSource": "aws:sqs"}]}"#, "aws:sqs"),
            (r#"{"Records": [{"kinesis": {"data": "e30="}, "eventSource": "aws:kinesis"}]}"#, "aws:kinesis"),
            (r#"{"Records": [{"EventSource": "aws:sns", "Sns": {"Message": "{}"}}]}"#, "aws:sns"),
            (r#"{"invocationSchemaVersion": "1.0", "job": {}, "tasks": [{"taskId": "1"}]}"#, "aws:s3-batch"),
            (
                r#"{"version": "0", "detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}"#,
                "aws.events",
            ),
        ] {
            assert_eq!(source_of(event.as_bytes()).as_deref(), Some(expected), "{event}");
        }
    }

    #[test]
    fn a_request_names_none() {
        for event in [
            r#"{"data": 1}"#,
            r#"{"Records": []}"#,
            r#"{"Records": [{"a": 1}]}"#,
            r#"{"Records": 1}"#,
            r#"{"source": "x", "data": 1}"#,
            r#"{"tasks": [1]}"#,
            "[]",
            "{",
        ] {
            assert_eq!(source_of(event.as_bytes()), None, "{event}");
        }
    }
}
