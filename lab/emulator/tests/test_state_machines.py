"""AWS SDK integrations of state machines, and what starts them."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from support import role, unique
from test_storage import bucket

if TYPE_CHECKING:
    from running import Running


def machine(aws: Running, states: dict[str, Any], role_arn: str) -> str:
    """The ARN of a new state machine, which begins with its first state."""
    definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states}
    created = aws.client("stepfunctions").create_state_machine(
        name=unique("machine"), definition=json.dumps(definition), roleArn=role_arn
    )
    arn: str = created["stateMachineArn"]
    return arn


def ended(aws: Running, execution: str) -> dict[str, Any]:
    client = aws.client("stepfunctions")
    while True:
        found: dict[str, Any] = client.describe_execution(executionArn=execution)
        if found["status"] != "RUNNING":
            return found
        time.sleep(0.05)


def run(aws: Running, action: str, arguments: dict[str, Any], role_arn: str) -> dict[str, Any]:
    """One task that requests an action: the ended execution."""
    task = {
        "Type": "Task",
        "Resource": f"arn:aws:states:::aws-sdk:{action}",
        "Arguments": arguments,
        "End": True,
    }
    arn = machine(aws, {"Ask": task}, role_arn)
    return ended(aws, aws.client("stepfunctions").start_execution(stateMachineArn=arn)["executionArn"])


def allowed(aws: Running, *actions: str, policy: bool = False) -> str:
    arn = role(aws, "states.amazonaws.com", policy=policy)
    if actions:
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        aws.client("iam").put_role_policy(
            RoleName=arn.rsplit("/", 1)[1],
            PolicyName="p",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )
    return arn


def test_a_task_writes_with_the_role_of_its_state_machine(aws: Running) -> None:
    name = f"/{unique('parameter')}"
    arguments = {"Name": name, "Value": "new", "Type": "String"}

    refused = run(aws, "ssm:putParameter", arguments, allowed(aws, "ssm:GetParameter"))
    accepted = run(aws, "ssm:putParameter", arguments, allowed(aws, "ssm:PutParameter"))

    assert refused["status"] == "FAILED"
    assert refused["error"] == "Ssm.SsmException"
    assert "ssm:PutParameter" in refused["cause"]
    assert accepted["status"] == "SUCCEEDED"
    assert aws.client("ssm").get_parameter(Name=name)["Parameter"]["Value"] == "new"


def test_members_have_the_names_of_the_sdk_for_java(aws: Running) -> None:
    everything = allowed(aws, policy=True)
    arn = machine(aws, {"Wait": {"Type": "Wait", "Seconds": 0, "End": True}}, everything)
    execution = aws.client("stepfunctions").start_execution(stateMachineArn=arn)["executionArn"]
    ended(aws, execution)

    found = json.loads(run(aws, "sfn:describeExecution", {"ExecutionArn": execution}, everything)["output"])

    assert (found["ExecutionArn"], found["Status"]) == (execution, "SUCCEEDED")
    assert found["StartDate"].endswith("Z")


def test_an_error_that_an_action_declares_has_its_own_name(aws: Running) -> None:
    found = run(aws, "ssm:getParameter", {"Name": "/nowhere"}, allowed(aws, policy=True))

    assert found["error"] == "Ssm.ParameterNotFoundException"


def test_an_error_that_no_action_declares_has_the_services_name_and_its_words(aws: Running) -> None:
    found = run(aws, "cloudformation:describeStacks", {"StackName": "nowhere"}, allowed(aws, policy=True))

    assert found["error"] == "CloudFormation.CloudFormationException"
    assert found["cause"].startswith("Stack with id nowhere does not exist (Service: CloudFormation, Status Code: 400")


@pytest.mark.parametrize(
    ("action", "arguments", "words"),
    [
        ("ssm:inventParameter", {}, "ssm has no action inventParameter"),
        ("ssm:getParameter", {"Nome": "x"}, 'Unknown parameter in input: "Nome"'),
    ],
)
def test_what_the_service_does_not_know_fails(aws: Running, action: str, arguments: dict[str, Any], words: str) -> None:
    found = run(aws, action, arguments, allowed(aws, policy=True))

    assert found["error"] == "States.Runtime"
    assert words in found["cause"]


def test_an_upload_starts_an_execution_with_the_version_of_the_object(aws: Running) -> None:
    name, everything = bucket(aws), allowed(aws, policy=True)
    arn = machine(aws, {"Take": {"Type": "Pass", "End": True}}, everything)
    s3, events = aws.client("s3"), aws.client("events")
    s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration={"EventBridgeConfiguration": {}})
    pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"object": {"key": ["model.zip"]}}}
    rule = unique("rule")
    events.put_rule(
        Name=rule, EventPattern=json.dumps(pattern | {"detail": pattern["detail"] | {"bucket": {"name": [name]}}})
    )
    events.put_targets(
        Rule=rule,
        Targets=[
            {
                "Id": "one",
                "Arn": arn,
                "RoleArn": everything,
                "InputTransformer": {
                    "InputPathsMap": {"version": "$.detail.object.version-id"},
                    "InputTemplate": '{"objectVersion": <version>}',
                },
            }
        ],
    )

    s3.put_object(Bucket=name, Key="other.zip", Body=b"o")
    version = s3.put_object(Bucket=name, Key="model.zip", Body=b"m")["VersionId"]

    client = aws.client("stepfunctions")
    while not (started := client.list_executions(stateMachineArn=arn)["executions"]):
        time.sleep(0.05)
    assert [json.loads(ended(aws, execution["executionArn"])["input"]) for execution in started] == [
        {"objectVersion": version}
    ]
