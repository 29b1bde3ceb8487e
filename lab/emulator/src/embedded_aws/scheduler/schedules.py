"""Schedules of a template: what they may say."""

from __future__ import annotations

from typing import Any

from ministack.services import eventbridge, iam, scheduler

from embedded_aws.iam.trust import trusts

SCHEDULE = "AWS::Scheduler::Schedule"
SERVICE = "scheduler.amazonaws.com"

_PROPERTIES = {
    "Description",
    "FlexibleTimeWindow",
    "Name",
    "ScheduleExpression",
    "ScheduleExpressionTimezone",
    "State",
    "Target",
}
_TIME_ZONES = {"UTC", "Etc/UTC"}
_TARGET = {"Arn", "Input", "RetryPolicy", "RoleArn"}


def is_project(arn: str) -> bool:
    """Tells whether a target is a CodeBuild project."""
    return arn.split(":")[2:3] == ["codebuild"] and ":project/" in arn


def check(properties: dict[str, Any]) -> None:
    """Refuses a schedule that would not do here what it does on AWS.

    Raises:
        ValueError: the reason.
    """
    target = properties["Target"]
    for owner, given, known in (("schedules", properties, _PROPERTIES), ("targets of schedules", target, _TARGET)):
        wrong = sorted(set(given) - known)
        if wrong:
            raise ValueError(f"the emulator does not support {owner} with {', '.join(wrong)}")
    if properties["FlexibleTimeWindow"] != {"Mode": "OFF"}:
        raise ValueError("the emulator does not support a flexible time window of schedules")
    if properties.get("ScheduleExpressionTimezone", "UTC") not in _TIME_ZONES:
        raise ValueError("the emulator does not support a time zone of schedules other than UTC")
    if not is_project(target["Arn"]):
        raise ValueError(f"the emulator supports CodeBuild projects only as targets of schedules, got {target['Arn']}")
    if not _is_known(properties["ScheduleExpression"]):
        raise ValueError(f"Invalid Schedule Expression {properties['ScheduleExpression']}.")
    if not trusts(iam._roles.get(target["RoleArn"].rsplit("/", 1)[-1]), SERVICE):
        raise ValueError(
            "The execution role you provide must allow AWS EventBridge Scheduler to assume the role. "
            f"({target['RoleArn']})"
        )


def _is_known(expression: str) -> bool:
    return (
        eventbridge._parse_rate_seconds(expression) is not None
        or eventbridge._parse_cron_fields(expression) is not None
        or scheduler._at_time_epoch(expression) is not None
    )
