"""EventBridge Scheduler starts builds, as the role of the schedule's target."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from support import finished, project, role, unique
from test_cloudformation import deploy, outputs_of, reasons

if TYPE_CHECKING:
    from running import Running

SERVICE = "scheduler.amazonaws.com"
SPEC = json.dumps({"version": 0.2, "phases": {"build": {"commands": ["echo compared"]}}})


def arn_of(name: str) -> str:
    return f"arn:aws:codebuild:us-east-1:123456789012:project/{name}"


def once(aws: Running, target: dict[str, str]) -> str:
    """The name of a new schedule that is due now."""
    name = unique("schedule")
    aws.client("scheduler").create_schedule(
        Name=name,
        ScheduleExpression=f"at({datetime.now(UTC):%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=target,
        ActionAfterCompletion="DELETE",
    )
    return name


def wait_until_done(aws: Running, name: str) -> None:
    """Waits until a schedule that is deleted after its start is gone."""
    while any(schedule["Name"] == name for schedule in aws.client("scheduler").list_schedules()["Schedules"]):
        time.sleep(0.1)


def builds_of(aws: Running, name: str) -> list[str]:
    found: list[str] = aws.client("codebuild").list_builds_for_project(projectName=name)["ids"]
    return found


def test_a_schedule_that_is_due_starts_a_build_once(aws: Running) -> None:
    name = project(aws, SPEC)

    wait_until_done(aws, once(aws, {"Arn": arn_of(name), "RoleArn": role(aws, SERVICE)}))

    (build,) = builds_of(aws, name)
    assert finished(aws, build)["buildStatus"] == "SUCCEEDED"


def test_a_role_that_may_not_start_the_build_starts_none_and_the_log_says_so(aws: Running) -> None:
    name, arn = project(aws, SPEC), role(aws, SERVICE, policy=False)

    wait_until_done(aws, once(aws, {"Arn": arn_of(name), "RoleArn": arn}))

    assert builds_of(aws, name) == []
    assert f"{arn_of(name)} was not started" in aws.log.read_text()


def schedule(target: dict[str, Any], **changed: Any) -> dict[str, Any]:
    properties = {"FlexibleTimeWindow": {"Mode": "OFF"}, "ScheduleExpression": "rate(1 day)", "Target": target}
    return {"Schedule": {"Type": "AWS::Scheduler::Schedule", "Properties": {**properties, **changed}}}


def test_a_schedule_of_a_template_is_there_until_its_stack_is_deleted(aws: Running) -> None:
    stack, target = unique("stack"), {"Arn": arn_of("any"), "RoleArn": role(aws, SERVICE)}

    assert deploy(aws, stack, schedule(target), Name={"Ref": "Schedule"}) == "CREATE_COMPLETE"

    name = outputs_of(aws, stack)["Name"]
    found = aws.client("scheduler").get_schedule(Name=name)
    assert (found["ScheduleExpression"], found["State"], found["Target"]) == ("rate(1 day)", "ENABLED", target)
    aws.client("cloudformation").delete_stack(StackName=stack)
    wait_until_done(aws, name)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5}}, "a flexible time window"),
        ({"ScheduleExpression": "rate(1 fortnight)"}, "Invalid Schedule Expression rate(1 fortnight)."),
        ({"ScheduleExpressionTimezone": "Europe/Berlin"}, "a time zone of schedules other than UTC"),
        ({"EndDate": "2030-01-01T00:00:00Z"}, "schedules with EndDate"),
    ],
)
def test_a_schedule_that_would_be_another_one_here_is_refused(
    aws: Running, changed: dict[str, Any], sentence: str
) -> None:
    stack, target = unique("stack"), {"Arn": arn_of("any"), "RoleArn": role(aws, SERVICE)}

    assert deploy(aws, stack, schedule(target, **changed)) == "ROLLBACK_COMPLETE"
    assert sentence in reasons(aws, stack)


@pytest.mark.parametrize(
    ("target", "service", "sentence"),
    [
        ({"Arn": "arn:aws:sqs:us-east-1:123456789012:any"}, SERVICE, "CodeBuild projects only as targets"),
        ({"Arn": arn_of("any"), "DeadLetterConfig": {}}, SERVICE, "targets of schedules with DeadLetterConfig"),
        ({"Arn": arn_of("any")}, "events.amazonaws.com", "must allow AWS EventBridge Scheduler to assume the role"),
    ],
)
def test_a_target_that_would_not_be_started_is_refused(
    aws: Running, target: dict[str, Any], service: str, sentence: str
) -> None:
    stack = unique("stack")

    assert deploy(aws, stack, schedule(target | {"RoleArn": role(aws, service)})) == "ROLLBACK_COMPLETE"
    assert sentence in reasons(aws, stack)
