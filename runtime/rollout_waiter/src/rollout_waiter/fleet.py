"""Reads a fleet: its instances, their health, their metrics, and the state of its stack."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .served import Served

if TYPE_CHECKING:
    from collections.abc import Callable

#: Client with short timeouts: the function must have time left to say that a service does not answer.
_CONFIG = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 3})
_PERIOD = 60


class FleetError(Exception):
    """A service of AWS refused a request, or could not be reached."""


@dataclass(frozen=True)
class Instance:
    """An instance of an Auto Scaling group.

    Attributes:
        name: Its id.
        template: Id and version of the launch template that it was made from.
        lifecycle: Its state in the group, `InService` while it serves.
    """

    name: str
    template: tuple[str, str]
    lifecycle: str


@dataclass(frozen=True)
class Health:
    """State of an instance in a target group.

    Attributes:
        state: `healthy`, `initial`, or another one.
        reason: Why it is not healthy.
    """

    state: str
    reason: str = ""


#: Health of an instance that a target group does not list.
UNREGISTERED = Health("unused", "Target.NotRegistered")


@dataclass(frozen=True)
class Metrics:
    """Names of what instances publish (runtime/instance/src/metrics.py).

    Attributes:
        namespace: CloudWatch's.
        fleet: Value of the dimension FleetName.
        model: Value of the dimension ModelName.
    """

    namespace: str
    fleet: str
    model: str


class Fleet:
    """Read access to what AWS says of a fleet."""

    def __init__(self) -> None:
        """Create each client when it is needed, once."""
        self._client = cache(partial(boto3.client, config=_CONFIG))

    def goes_back(self, stack: str) -> bool:
        """Tell whether CloudFormation is rolling back a stack.

        Raises:
            FleetError: It could not be read.
        """
        answer = _ask(self._client("cloudformation").describe_stacks, StackName=stack)
        return "ROLLBACK" in str(answer["Stacks"][0]["StackStatus"])

    def instances(self, group: str) -> list[Instance]:
        """Return the instances of a group.

        Raises:
            FleetError: They could not be read, or there is no such group.
        """
        groups = _ask(self._client("autoscaling").describe_auto_scaling_groups, AutoScalingGroupNames=[group])[
            "AutoScalingGroups"
        ]
        if not groups:
            raise FleetError(f"there is no Auto Scaling group {group}")
        return [_instance(instance) for instance in groups[0]["Instances"]]

    def health(self, target_group: str) -> dict[str, Health]:
        """Return what a target group says of its instances, by their ids.

        Raises:
            FleetError: It could not be read.
        """
        entries = _ask(self._client("elbv2").describe_target_health, TargetGroupArn=target_group)[
            "TargetHealthDescriptions"
        ]
        return {entry["Target"]["Id"]: _health(entry["TargetHealth"]) for entry in entries}

    def served(self, metrics: Metrics, seconds: float) -> Served:
        """Return what instances answered since so many seconds ago, in whole minutes, as far as CloudWatch knows.

        The minute that had begun before is left out, because the instances of the previous version published in it too.

        Raises:
            FleetError: It could not be read.
        """
        now = time.time()
        start = math.ceil((now - seconds) / _PERIOD) * _PERIOD
        end = math.ceil(now / _PERIOD) * _PERIOD
        if start >= end:
            return Served()
        answer = _ask(
            self._client("cloudwatch").get_metric_data,
            MetricDataQueries=[_query(metrics, name) for name in ("Requests", "Errors")],
            StartTime=datetime.fromtimestamp(start, UTC),
            EndTime=datetime.fromtimestamp(end, UTC),
        )
        # No values are no requests only in a complete answer: CloudWatch answers a fault of its own without an error.
        for result in answer["MetricDataResults"]:
            if result.get("StatusCode", "Complete") != "Complete":
                raise FleetError(
                    f"the canary's requests could not be counted: CloudWatch answered {result['StatusCode']}"
                )
        sums = {result["Id"]: sum(result["Values"]) for result in answer["MetricDataResults"]}
        errors = sums.get("errors", 0.0)
        return Served(sums.get("requests", 0.0), {"server faults": errors} if errors else {})


def _ask(operation: Callable[..., Any], **parameters: Any) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = operation(**parameters)
    except (ClientError, BotoCoreError) as error:
        raise FleetError(f"the canary could not be watched: {error}") from error
    return answer


def _instance(described: dict[str, Any]) -> Instance:
    template = described.get("LaunchTemplate") or {}
    version = (str(template.get("LaunchTemplateId", "")), str(template.get("Version", "")))
    return Instance(described["InstanceId"], version, described["LifecycleState"])


def _health(target: dict[str, Any]) -> Health:
    return Health(target["State"], ": ".join(target[key] for key in ("Reason", "Description") if target.get(key)))


def _query(metrics: Metrics, name: str) -> dict[str, Any]:
    dimensions = [{"Name": "FleetName", "Value": metrics.fleet}, {"Name": "ModelName", "Value": metrics.model}]
    metric = {"Namespace": metrics.namespace, "MetricName": name, "Dimensions": dimensions}
    return {"Id": name.lower(), "MetricStat": {"Metric": metric, "Period": _PERIOD, "Stat": "Sum"}}
