"""Roles that are seconds old, which AWS has not propagated yet: what uses them is refused, waits, or is lost.

A request of such a role is denied, whoever sends it. See
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency.
"""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ministack.core import iam_evaluator
from ministack.services import iam

from embedded_aws.iam.sessions import caller_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Properties = dict[str, Any]

_log = logging.getLogger("embedded_aws.iam")

#: Properties that name the role of a resource, which CloudFormation tries to make again until the role can be assumed.
TRIED_AGAIN = {"AWS::Lambda::Function": "Role", "AWS::StepFunctions::StateMachine": "RoleArn"}
_DESTINATIONS = ("ExtendedS3DestinationConfiguration", "S3DestinationConfiguration")


def age_of(arn: str) -> float:
    """Returns the seconds since a role was made, given its ARN or that of a session; infinite for an unknown role."""
    role = iam._roles.get(arn.split("/")[1] if ":assumed-role/" in arn else arn.rsplit("/", 1)[-1])
    if role is None:
        return float("inf")
    return (datetime.now(UTC) - datetime.fromisoformat(str(role["CreateDate"]))).total_seconds()


class NewRoles:
    """Roles younger than the time that AWS takes to propagate them."""

    def __init__(self, delay: float) -> None:
        """Takes the time.

        Args:
            delay: in seconds.
        """
        self._delay = delay

    def has(self, arn: str) -> bool:
        """Tells whether a role, or that of a session, is new."""
        return age_of(arn) < self._delay

    def denying(self, enforce: Callable[..., Any]) -> Callable[..., Any]:
        """Denies every request of a new role."""

        def judge(access_key_id: str, iam_action: str, *rest: Any, **named: Any) -> Any:
            caller = caller_of(access_key_id)
            if not self.has(caller):
                return enforce(access_key_id, iam_action, *rest, **named)
            _log.warning("%s may not %s yet: its role is new", caller, iam_action)
            return iam_evaluator.EvalResult("ImplicitDeny", caller)

        return judge

    def waiting(self, name: str) -> Callable[[Properties], None]:
        """Returns a check that waits until the role in a property is no longer new."""

        def wait(properties: Properties) -> None:
            left = self._delay - age_of(str(properties.get(name, "")))
            if left > 0:
                time.sleep(left)

        return wait

    def losing(self, invoke: Callable[..., None]) -> Callable[..., None]:
        """Loses events for a target whose role is new: EventBridge does not try again after a denial."""

        def invoking(target: dict[str, Any], *rest: Any, **named: Any) -> None:
            if self.has(str(target.get("RoleArn", ""))):
                _log.warning("an event for %s is lost: the role %s is new", target["Arn"], target["RoleArn"])
            else:
                invoke(target, *rest, **named)

        return invoking

    def checks(self) -> Iterator[tuple[str, Callable[[Properties], None]]]:
        """Yields the types whose creation fails with a new role, with their checks, which raise AWS's sentence."""
        yield "AWS::KinesisFirehose::DeliveryStream", self._check_stream
        yield "AWS::Logs::SubscriptionFilter", self._check_filter
        yield "AWS::Scheduler::Schedule", self._check_schedule

    def _check_stream(self, properties: Properties) -> None:
        for name in _DESTINATIONS:
            role = properties.get(name, {}).get("RoleARN", "")
            if self.has(role):
                raise ValueError(f"Firehose is unable to assume role {role}. Please check the role provided.")

    def _check_filter(self, properties: Properties) -> None:
        if self.has(properties.get("RoleArn", "")):
            raise ValueError(
                "Could not deliver test message to specified Firehose stream. "
                "Check if the given Firehose stream is in ACTIVE state."
            )

    def _check_schedule(self, properties: Properties) -> None:
        role = properties["Target"]["RoleArn"]
        if self.has(role):
            raise ValueError(
                f"The execution role you provide must allow AWS EventBridge Scheduler to assume the role. ({role})"
            )
