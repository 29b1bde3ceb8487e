"""Roles that are seconds old: what uses them on AWS is denied, waits, or is lost."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from running import started
from support import archive, invoke, role, unique
from test_cloudformation import deploy, function_resource, outputs_of, reasons
from test_schedules import arn_of, schedule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from running import Running

DELAY = 4
CODE = "import boto3\ndef handler(event, _): return len(boto3.client('s3').list_buckets()['Buckets'])"


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The embedded AWS where a role takes seconds to be known everywhere."""
    with started(tmp_path_factory.mktemp("embedded-aws"), "--role-delay", str(DELAY)) as running:
        yield running


@pytest.fixture(scope="module")
def never(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The embedded AWS where every role is new."""
    with started(tmp_path_factory.mktemp("embedded-aws"), "--role-delay", "3600") as running:
        yield running


def as_role(aws: Running, arn: str, service: str) -> Any:
    """A client of a session of a role."""
    found = aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    return boto3.client(
        service,
        endpoint_url=aws.endpoint,
        region_name="us-east-1",
        aws_access_key_id=found["AccessKeyId"],
        aws_secret_access_key=found["SecretAccessKey"],
        aws_session_token=found["SessionToken"],
    )


def trusted(aws: Running) -> str:
    """A role that the account may assume, and that may do everything."""
    arn = role(aws, "lambda.amazonaws.com")
    document = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    aws.client("iam").update_assume_role_policy(RoleName=arn.rsplit("/", 1)[1], PolicyDocument=json.dumps(document))
    return arn


def test_requests_of_a_role_are_denied_until_it_is_known(slow: Running) -> None:
    s3 = as_role(slow, trusted(slow), "s3")

    with pytest.raises(ClientError, match="AccessDenied"):
        s3.list_buckets()

    deadline = time.monotonic() + 60
    while True:
        try:
            s3.list_buckets()
        except ClientError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            break


@pytest.mark.parametrize("resource_type", ["AWS::Lambda::Function", "AWS::StepFunctions::StateMachine"])
def test_what_cloudformation_tries_again_waits_for_its_role(slow: Running, resource_type: str) -> None:
    slow.client("s3").create_bucket(Bucket=(bucket := unique("code")))
    slow.client("s3").put_object(Bucket=bucket, Key="c.zip", Body=archive({"index.py": CODE}))
    definition = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
    arn = role(slow, "states.amazonaws.com")
    # IAM keeps whole seconds, which the embedded AWS counts from.
    known = slow.client("iam").get_role(RoleName=arn.rsplit("/", 1)[1])["Role"]["CreateDate"] + timedelta(seconds=DELAY)
    resource = {
        "AWS::Lambda::Function": function_resource(slow, {"S3Bucket": bucket, "S3Key": "c.zip"}, Role=arn),
        "AWS::StepFunctions::StateMachine": {
            "Type": resource_type,
            "Properties": {"RoleArn": arn, "DefinitionString": definition},
        },
    }[resource_type]

    stack = unique("stack")
    assert deploy(slow, stack, {"It": resource}, Name={"Ref": "It"}) == "CREATE_COMPLETE"

    assert datetime.now(UTC) >= known
    if resource_type == "AWS::Lambda::Function":
        answer, failed = invoke(slow, outputs_of(slow, stack)["Name"])
        assert not failed, answer


def test_a_schedule_is_refused_with_a_new_role(never: Running) -> None:
    stack, target = unique("stack"), {"Arn": arn_of("any"), "RoleArn": role(never, "scheduler.amazonaws.com")}

    assert deploy(never, stack, schedule(target)) == "ROLLBACK_COMPLETE"
    assert "must allow AWS EventBridge Scheduler to assume the role" in reasons(never, stack)


def test_an_event_for_a_target_with_a_new_role_is_lost(never: Running) -> None:
    states, events = never.client("stepfunctions"), never.client("events")
    definition = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
    arn = states.create_state_machine(
        name=unique("machine"), definition=definition, roleArn=role(never, "states.amazonaws.com")
    )["stateMachineArn"]
    source, started_by = unique("source"), role(never, "events.amazonaws.com")
    for target in ({"Id": "new", "Arn": arn, "RoleArn": started_by}, {"Id": "without", "Arn": arn}):
        events.put_rule(Name=(rule := unique("rule")), EventPattern=json.dumps({"source": [source]}))
        events.put_targets(Rule=rule, Targets=[target])

    events.put_events(Entries=[{"Source": source, "DetailType": "any", "Detail": "{}", "Time": datetime.now(UTC)}])

    deadline = time.monotonic() + 60
    while not states.list_executions(stateMachineArn=arn)["executions"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert len(states.list_executions(stateMachineArn=arn)["executions"]) == 1
    assert f"an event for {arn} is lost: the role {started_by} is new" in never.log.read_text()
