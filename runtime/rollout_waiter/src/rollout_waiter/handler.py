"""The custom resource's handler, which CloudFormation calls itself."""

from __future__ import annotations

import hashlib
import json
import os
import traceback
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from cdk_tensorflow_shared.cloudformation_response import respond

from .alarms import alarm_reason
from .bake import Verdict, bake
from .cluster import Cluster, ClusterError
from .fleet import Fleet
from .fleet_canary import FleetCanary, FleetReader
from .message import failure_message
from .pod_canary import CanaryReader, PodCanary
from .rollout import Clock, Outcome, Reader, Rollout, available_in, is_older, replica_set_of, wait

if TYPE_CHECKING:
    from collections.abc import Callable

CANARY = "Custom::TensorFlowCanary"
FLEET_CANARY = "Custom::TensorFlowFleetCanary"

#: Part of the function's time, for reading logs and answering.
_RESERVE_SECONDS = 30.0
#: Wait for the pods that a rollback restores; a longer wait gains nothing.
_ROLLBACK_SECONDS = 120.0


def handler(event: dict[str, Any], context: Any) -> None:
    """Wait for a rollout and answer CloudFormation, whatever happens: without an answer it waits for an hour."""
    physical_id = str(event.get("PhysicalResourceId") or _physical_id(event))
    try:
        if event["RequestType"] == "Delete":
            respond(event, physical_id)
            return
        seconds_left = context.get_remaining_time_in_millis() / 1000 - _RESERVE_SECONDS
        if event.get("ResourceType") == FLEET_CANARY:
            reason = watch_fleet_canary(Fleet(), event, Clock(), seconds_left)
        else:
            cluster = Cluster(event["ResourceProperties"]["ClusterName"])
            of_type = watch_pod_canary if event.get("ResourceType") == CANARY else watch_rollout
            reason = of_type(cluster, event, Clock(), seconds_left)
    except (ClientError, BotoCoreError) as error:
        reason = f"EKS did not describe the cluster: {error}"
    except Exception as error:
        # Do not raise it again: Lambda would try again, and CloudFormation takes one answer.
        traceback.print_exc()
        reason = f"the function that watches the rollout has a fault: {error!r}. {_where()}"
    respond(event, physical_id, reason=reason)


def watch_rollout(reader: Reader, event: dict[str, Any], clock: Clock, seconds_left: float) -> str:
    """Wait, and return why the rollout failed; empty if it did not."""
    rollout = Rollout.of(event["ResourceProperties"])
    goes_back = _goes_back(reader, event, rollout)
    limit = min(seconds_left, _ROLLBACK_SECONDS) if goes_back else seconds_left
    outcome = wait(reader, replace(rollout, seconds=min(rollout.seconds, limit)), clock)
    if not outcome.ending:
        print(f"{outcome.available} pods of {rollout.name} are available")
        return ""
    _write(
        f"{rollout.name}: {outcome.available} of {rollout.replicas} new pods were available {outcome.ending}", outcome
    )
    if goes_back:
        print("the previous version is back, and a failure would not help its pods: success")
        return ""
    return failure_message(
        outcome.faults,
        f"{rollout.namespace}/{rollout.name}",
        f"{outcome.available} of {rollout.replicas} new pods were available {outcome.ending}",
        _where(),
    )


def watch_pod_canary(
    reader: CanaryReader,
    event: dict[str, Any],
    clock: Clock,
    seconds_left: float,
    alarm_reason: Callable[[list[str]], str] = alarm_reason,
) -> str:
    """Watch a canary of pods, and return why it must not go on; empty if it may."""
    canary = PodCanary.of(reader, event)
    verdict = bake(canary, alarm_reason, clock, seconds_left)
    return _message(verdict, f"{canary.pods.namespace}/{canary.pods.name}", "pod")


def watch_fleet_canary(
    reader: FleetReader,
    event: dict[str, Any],
    clock: Clock,
    seconds_left: float,
    alarm_reason: Callable[[list[str]], str] = alarm_reason,
) -> str:
    """Watch a canary of instances, and return why it must not go on; empty if it may."""
    canary = FleetCanary.of(reader, event)
    return _message(bake(canary, alarm_reason, clock, seconds_left), canary.group, "instance")


def _message(verdict: Verdict, name: str, noun: str) -> str:
    """Return the message of a canary that must not go on, and write what the log needs; empty if it may go on.

    Args:
        verdict: How its bake ended.
        name: Whose.
        noun: What it consists of, in the singular.
    """
    if not verdict.faults:
        print(f"{name} may go on: {verdict.ending}")
        return ""
    ending = f"stopped {verdict.ending}, before any other {noun} was changed"
    _write(f"{name}: {ending}", verdict, noun)
    return failure_message(verdict.faults, name, ending, _where(), f"{noun}s")


def _goes_back(reader: Reader, event: dict[str, Any], rollout: Rollout) -> bool:
    """Tell whether this is the rollback of a version whose pods did not start.

    CloudFormation does not say so. In such a rollback the ReplicaSet of the new properties is older than that of the
    old ones, and both together have fewer available pods than the service needs: a version that has served keeps all
    of its pods until those of the other version replace them.
    """
    before = event.get("OldResourceProperties") or {}
    if event["RequestType"] != "Update" or before.get("Selector") in {None, rollout.selector}:
        return False
    try:
        wanted, left = (
            replica_set_of(reader, rollout),
            replica_set_of(reader, Rollout.of({**event["ResourceProperties"], **before})),
        )
    except (ClusterError, KeyError):
        return False
    return is_older(wanted, left) and available_in(wanted) + available_in(left) < rollout.replicas


def _write(summary: str, outcome: Outcome | Verdict, noun: str = "pod") -> None:
    """Write everything into the log: the message has no room for it."""
    print(summary)
    for fault in outcome.faults:
        print(
            json.dumps(
                {noun: fault.pod, "container": fault.container, "fault": fault.what, "log": fault.log},
                ensure_ascii=False,
            )
        )


def _where() -> str:
    group = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
    return f"More: log group {group}" if group else ""


def _physical_id(event: dict[str, Any]) -> str:
    """Return the same id for the resource's whole life, so that no update deletes anything."""
    whose = f"{event['StackId']}/{event['LogicalResourceId']}"
    return f"tensorflow-rollout-{hashlib.sha256(whose.encode()).hexdigest()[:16]}"
