"""The status of stacks and the age of objects, as on AWS."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from running import started
from support import unique
from test_cloudformation import deploy

if TYPE_CHECKING:
    from pathlib import Path

    from running import Running

PATTERN = {"source": ["aws.cloudformation"], "detail-type": ["CloudFormation Stack Status Change"]}


def queue_of_statuses(aws: Running) -> str:
    """A queue that gets the events of stacks."""
    url: str = aws.client("sqs").create_queue(QueueName=unique("statuses"))["QueueUrl"]
    arn = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rule = unique("rule")
    aws.client("events").put_rule(Name=rule, EventPattern=json.dumps(PATTERN))
    aws.client("events").put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": arn}])
    return url


def statuses(aws: Running, url: str, name: str) -> list[str]:
    """The statuses of a stack that a queue has got."""
    found: list[str] = []
    while messages := aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        events: list[dict[str, Any]] = [json.loads(message["Body"]) for message in messages]
        found += [
            event["detail"]["status-details"]["status"]
            for event in events
            if f":stack/{name}/" in event["detail"]["stack-id"] == event["resources"][0]
        ]
        for message in messages:
            aws.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def test_each_status_of_a_stack_is_an_event_and_those_of_its_resources_are_none(aws: Running) -> None:
    url, name = queue_of_statuses(aws), unique("stack")

    deploy(aws, name, {"Bucket": {"Type": "AWS::S3::Bucket"}})

    found: list[str] = []
    while "CREATE_COMPLETE" not in found:
        found += statuses(aws, url, name)
    assert sorted(found) == ["CREATE_COMPLETE", "CREATE_IN_PROGRESS"]


def test_objects_appear_older_where_that_is_asked_for(tmp_path: Path) -> None:
    with started(tmp_path, "--object-age", "172800") as aws:
        s3, name = aws.client("s3"), unique("bucket")
        s3.create_bucket(Bucket=name)
        s3.put_object(Bucket=name, Key="k", Body=b"content")

        (listed,) = s3.list_objects_v2(Bucket=name)["Contents"]
        head = s3.head_object(Bucket=name, Key="k")
    for modified in (listed["LastModified"], head["LastModified"]):
        age = datetime.now(UTC) - modified
        assert timedelta(hours=47) < age < timedelta(hours=49)
