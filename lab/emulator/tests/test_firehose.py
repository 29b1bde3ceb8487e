"""Firehose: log events that a subscription filter chooses, as compressed lines in S3."""

from __future__ import annotations

import gzip
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from embedded_aws.firehose.filter_pattern import conditions, matches
from embedded_aws.firehose.log_messages import messages
from running import started
from support import add_policy, role, unique
from test_cloudformation import deploy, outputs_of, reasons

if TYPE_CHECKING:
    from running import Running

PATTERN = '{ ($.schemaVersion = 1) && ($.modelName = "*") }'
LINE = {"schemaVersion": 1, "modelName": "digits"}
PROCESSORS: list[dict[str, Any]] = [
    {"Type": "Decompression"},
    {
        "Type": "CloudWatchLogProcessing",
        "Parameters": [{"ParameterName": "DataMessageExtraction", "ParameterValue": "true"}],
    },
]


def resources(
    role_arn: str, pattern: str = PATTERN, processors: list[dict[str, Any]] = PROCESSORS, **more: Any
) -> dict[str, Any]:
    destination = {
        "BucketARN": {"Fn::GetAtt": ["Bucket", "Arn"]},
        "RoleARN": role_arn,
        "Prefix": "digits/!{timestamp:yyyy/MM/dd/HH}/",
        "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
        "CompressionFormat": "GZIP",
        "FileExtension": ".jsonl.gz",
        "ProcessingConfiguration": {"Enabled": True, "Processors": processors},
        **more,
    }
    stream = {"DeliveryStreamType": "DirectPut", "ExtendedS3DestinationConfiguration": destination}
    subscription = {
        "LogGroupName": {"Ref": "Group"},
        "FilterPattern": pattern,
        "DestinationArn": {"Fn::GetAtt": ["Stream", "Arn"]},
        "RoleArn": role_arn,
    }
    return {
        "Bucket": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain"},
        "Group": {"Type": "AWS::Logs::LogGroup"},
        "Stream": {"Type": "AWS::KinesisFirehose::DeliveryStream", "Properties": stream},
        "Filter": {"Type": "AWS::Logs::SubscriptionFilter", "Properties": subscription},
    }


def objects(aws: Running, bucket: str, prefix: str) -> dict[str, bytes]:
    """The objects below a prefix, once there are any."""
    client, deadline = aws.client("s3"), time.monotonic() + 60
    while time.monotonic() < deadline:
        keys = [found["Key"] for found in client.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])]
        if keys:
            return {key: client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}
        time.sleep(0.2)
    raise AssertionError(f"nothing arrived at {prefix}")


@pytest.fixture
def stack(aws: Running) -> dict[str, str]:
    name = unique("firehose")
    outputs = {output: {"Ref": output} for output in ("Bucket", "Group", "Stream")}
    assert deploy(aws, name, resources(role(aws, "firehose.amazonaws.com")), **outputs) == "CREATE_COMPLETE"
    return outputs_of(aws, name)


def test_chosen_log_events_become_compressed_lines_by_the_hour(aws: Running, stack: dict[str, str]) -> None:
    logs, now = aws.client("logs"), int(time.time() * 1000)
    logs.create_log_stream(logGroupName=stack["Group"], logStreamName="s")
    lines = [{**LINE, "n": 1}, {"schemaVersion": 2, "modelName": "x"}, {"schemaVersion": 1}, {**LINE, "n": 2}]
    events = [{"timestamp": now, "message": text} for text in ["START", *map(json.dumps, lines)]]
    logs.put_log_events(logGroupName=stack["Group"], logStreamName="s", logEvents=events)

    ((key, content),) = objects(aws, stack["Bucket"], "digits/").items()
    assert key.startswith(f"digits/{time.strftime('%Y/%m/%d/', time.gmtime(now / 1000))}")
    assert key.endswith(".jsonl.gz")
    assert [json.loads(line) for line in gzip.decompress(content).splitlines()] == [{**LINE, "n": 1}, {**LINE, "n": 2}]


def test_a_record_that_is_not_compressed_goes_where_errors_go(aws: Running, stack: dict[str, str]) -> None:
    aws.client("firehose").put_record_batch(DeliveryStreamName=stack["Stream"], Records=[{"Data": b"plain"}])

    assert list(objects(aws, stack["Bucket"], "errors/decompression-failed/").values()) == [b"plain"]


def test_what_the_role_may_not_write_waits_until_it_may(aws: Running) -> None:
    name, role_arn = unique("firehose"), role(aws, "firehose.amazonaws.com", policy=False)
    assert (
        deploy(aws, name, resources(role_arn, processors=[]), Bucket={"Ref": "Bucket"}, Stream={"Ref": "Stream"})
        == "CREATE_COMPLETE"
    )
    made = outputs_of(aws, name)

    def put(data: bytes) -> None:
        aws.client("firehose").put_record_batch(DeliveryStreamName=made["Stream"], Records=[{"Data": data}])

    put(b"first")
    put(b"second")
    assert "Contents" not in aws.client("s3").list_objects_v2(Bucket=made["Bucket"])
    assert f"{role_arn} did not write digits/" in aws.log.read_text()
    add_policy(aws, role_arn)
    put(b"third")

    deadline = time.monotonic() + 60
    while len(found := objects(aws, made["Bucket"], "digits/")) < 3:
        assert time.monotonic() < deadline, found
    assert sorted(map(gzip.decompress, found.values())) == [b"first", b"second", b"third"]


def test_a_new_role_is_refused_by_a_stream_and_by_a_filter(tmp_path_factory: pytest.TempPathFactory) -> None:
    with started(tmp_path_factory.mktemp("embedded-aws"), "--role-delay", "6") as aws:
        older = role(aws, "firehose.amazonaws.com")
        too_early = unique("firehose")
        assert deploy(aws, too_early, resources(older)) == "ROLLBACK_COMPLETE"
        assert f"Firehose is unable to assume role {older}" in reasons(aws, too_early)
        time.sleep(6)
        found = resources(older)
        found["Filter"]["Properties"]["RoleArn"] = role(aws, "firehose.amazonaws.com")
        name = unique("firehose")
        assert deploy(aws, name, found) == "ROLLBACK_COMPLETE"
        assert "Could not deliver test message" in reasons(aws, name)
        time.sleep(6)
        assert deploy(aws, unique("firehose"), found) == "CREATE_COMPLETE"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"pattern": "[time, level]"}, "does not support the filter pattern"),
        ({"processors": [{"Type": "AppendDelimiterToRecord"}]}, "does not support the processors AppendDelimiter"),
        ({"processors": [*reversed(PROCESSORS)]}, "CloudWatchLogProcessing must come after Decompression"),
        ({"CompressionFormat": "ZIP"}, "does not support the compression ZIP"),
    ],
)
def test_what_would_be_delivered_otherwise_than_on_aws_is_refused(
    aws: Running, changed: dict[str, Any], sentence: str
) -> None:
    name = unique("firehose")
    assert deploy(aws, name, resources(role(aws, "firehose.amazonaws.com"), **changed)) == "ROLLBACK_COMPLETE"
    assert sentence in reasons(aws, name)


def test_a_pattern_is_conditions_on_members() -> None:
    wanted = conditions(PATTERN)
    assert wanted == {"schemaVersion": "1", "modelName": '"*"'}
    assert matches(wanted, json.dumps(LINE))
    assert matches(conditions(""), "anything")
    for other in [{**LINE, "schemaVersion": True}, {**LINE, "modelName": 1}, [LINE], float("nan")]:
        assert not matches(wanted, json.dumps(other))


@pytest.mark.parametrize("pattern", ["ERROR", "{ $.a = 1 || $.b = 2 }", "{ $.a NOT EXISTS }", "{ $.a.b = 1 }"])
def test_other_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="filter pattern"):
        conditions(pattern)


def test_a_control_message_has_no_lines() -> None:
    assert messages(json.dumps({"messageType": "CONTROL_MESSAGE", "logEvents": [{"message": "x"}]}).encode()) == b""
