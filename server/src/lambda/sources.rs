//! Events of queues, streams and rules, which are no requests: returned as an answer, an error would be a success, and
//! the queue would delete its messages.

use jiter::{Jiter, JiterError, Peek};

use super::event::{first, members, string};

/// Returns the source that an event names, where its form is that of a queue, a stream, a topic, a bucket, a batch
/// operation, a pipe, a broker, a database, a log, the outcome of an asynchronous invocation or a rule.
pub(super) fn source_of(event: &[u8]) -> Option<String> {
    named(&mut Jiter::new(event).with_allow_inf_nan()).ok()?
}

fn named(jiter: &mut Jiter<'_>) -> Result<Option<String>, JiterError> {
    // A pipe sends the records themselves.
    if jiter.peek()? == Peek::Array {
        return first(jiter, of_record);
    }
    let [mut of_first_record, mut of_all_records, mut of_rule] = [const { None }; 3];
    let (mut sole_member, mut has_schema, mut has_tasks, mut has_type) = (None, false, false, false);
    members(jiter, str::to_owned, |jiter, name| {
        match &name[..] {
            "Records" if jiter.peek()? == Peek::Array => of_first_record = first(jiter, of_record)?,
            // Kafka, message brokers and DocumentDB have no list of records, or one without their source.
            "eventSource" => of_all_records = string(jiter)?,
            "source" => of_rule = string(jiter)?,
            "detail-type" => has_type = string(jiter)?.is_some(),
            name => {
                has_schema |= name == "invocationSchemaVersion";
                has_tasks |= name == "tasks" && jiter.peek()? == Peek::Array;
                sole_member = sole_member.or(source_with(name));
                jiter.next_skip()?;
            }
        }
        Ok(())
    })?;
    let of_batch = (has_schema && has_tasks).then_some("aws:s3-batch");
    let of_rule = of_rule.filter(|_| has_type);
    let of_form = of_batch.or(sole_member).map(str::to_owned);
    Ok(of_first_record.or(of_all_records).or(of_form).or(of_rule))
}

/// Returns the source whose events alone have this member.
fn source_with(member: &str) -> Option<&'static str> {
    match member {
        "deliveryStreamArn" => Some("aws:firehose"),
        "awslogs" => Some("aws:logs"),
        "requestPayload" => Some("aws:lambda"),
        _ => None,
    }
}

fn of_record(jiter: &mut Jiter<'_>) -> Result<Option<String>, JiterError> {
    let mut source = None;
    let is_source = |name: &str| matches!(name, "eventSource" | "EventSource");
    members(jiter, is_source, |jiter, is_source| {
        if is_source {
            source = string(jiter)?;
            return Ok(());
        }
        jiter.next_skip()
    })?;
    Ok(source)
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
            (
                r#"{"eventSource": "aws:kafka", "eventSourceArn": "a", "records": {"t-0": [{"value": "e30="}]}}"#,
                "aws:kafka",
            ),
            (r#"{"eventSource": "SelfManagedKafka", "records": {"t-0": []}}"#, "SelfManagedKafka"),
            (r#"{"eventSource": "aws:mq", "messages": [{"data": "e30="}]}"#, "aws:mq"),
            (r#"{"eventSource": "aws:rmq", "rmqMessagesByQueue": {"q::/": [{"data": "e30="}]}}"#, "aws:rmq"),
            (r#"{"eventSource": "aws:docdb", "events": [{"event": {"operationType": "insert"}}]}"#, "aws:docdb"),
            (
                r#"{"invocationId": "1", "deliveryStreamArn": "a", "records": [{"recordId": "1", "data": "e30="}]}"#,
                "aws:firehose",
            ),
            (r#"{"awslogs": {"data": "H4sI"}}"#, "aws:logs"),
            (r#"[{"messageId": "1", "body": "{}", "eventSource": "aws:sqs"}]"#, "aws:sqs"),
            (
                r#"{"requestContext": {"condition": "Success"}, "requestPayload": {}, "responsePayload": 1}"#,
                "aws:lambda",
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
            "[1]",
            r#"[{"a": 1}]"#,
            "{",
        ] {
            assert_eq!(source_of(event.as_bytes()), None, "{event}");
        }
    }
}
