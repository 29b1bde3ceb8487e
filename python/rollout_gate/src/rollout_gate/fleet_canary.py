"""Watches the canary of a fleet while it serves, and says why it must not go on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from .alarms import AlarmsError
from .canary import GRACE_SECONDS, POLL_SECONDS, CannotTellError, Verdict
from .faults import Fault
from .fleet import UNREGISTERED, FleetError, Metrics
from .served import Served

if TYPE_CHECKING:
    from collections.abc import Callable

    from .fleet import Health, Instance
    from .rollout import Clock

_GONE = "the instance left its Auto Scaling group, which ends unhealthy ones"


class FleetReader(Protocol):
    """What is read of a fleet."""

    def goes_back(self, stack: str) -> bool:
        """Tell whether CloudFormation is rolling back a stack."""

    def instances(self, group: str) -> list[Instance]:
        """Return the instances of a group."""

    def health(self, target_group: str) -> dict[str, Health]:
        """Return what a target group says of its instances."""

    def served(self, metrics: Metrics, seconds: float) -> Served:
        """Return what instances answered since so many seconds ago."""


@dataclass(frozen=True)
class FleetCanary:
    """What to watch.

    Attributes:
        group: Name of the canary's Auto Scaling group.
        template: Id and version of the launch template of the new version.
        target_groups: ARNs of the target groups in which the instances must be healthy.
        instances: How many there must be.
        seconds: How long to watch.
        max_error_rate: Share of the requests that may fail.
        metrics: What the instances publish; None if they publish nothing.
        alarms: Names of alarms.
    """

    group: str
    template: tuple[str, str]
    target_groups: list[str]
    instances: int
    seconds: float
    max_error_rate: float
    metrics: Metrics | None
    alarms: list[str]

    @classmethod
    def of(cls, properties: dict[str, Any]) -> FleetCanary:
        """Read the properties of the custom resource."""
        publishes = "MaxErrorRate" in properties
        return cls(
            properties["GroupName"],
            template_of(properties),
            list(properties["TargetGroupArns"]),
            int(properties["Instances"]),
            float(properties["BakeSeconds"]),
            float(properties.get("MaxErrorRate", 0)),
            Metrics(properties["Namespace"], properties["FleetName"], properties["ModelName"]) if publishes else None,
            list(properties.get("Alarms") or []),
        )


@dataclass
class Observed:
    """What the looks so far have shown.

    Attributes:
        instances: Ids of the instances that served.
        served: What they answered.
    """

    instances: set[str] = field(default_factory=set)
    served: Served = field(default_factory=Served)


def template_of(properties: dict[str, Any]) -> tuple[str, str]:
    """Return id and version of the launch template."""
    return (str(properties.get("LaunchTemplateId")), str(properties.get("LaunchTemplateVersion")))


def bake_fleet(
    reader: FleetReader,
    alarm_reason: Callable[[list[str]], str],
    event: dict[str, Any],
    clock: Clock,
    seconds_left: float,
) -> Verdict:
    """Watch a canary for as long as it bakes, or until it must not go on.

    Args:
        reader: Reads the fleet.
        alarm_reason: Says which alarm is in the state ALARM.
        event: CloudFormation's.
        clock: Time.
        seconds_left: How long the function may run.
    """
    canary = FleetCanary.of(event["ResourceProperties"])
    begun = clock.now()
    end = begun + min(canary.seconds, seconds_left)
    last = min(end + GRACE_SECONDS, begun + seconds_left)
    observed = Observed()
    needed = False
    while True:
        over = clock.now() >= end
        try:
            why_not = "" if needed else needless(reader, event)
            if why_not:
                return Verdict((), why_not)
            needed = True
            alarm = alarm_reason(canary.alarms)
            passed = clock.now() - begun
            faults = (Fault(alarm),) if alarm else _look(reader, canary, observed, passed, over=over)
            if faults:
                return _stopped(canary, faults, passed)
            if over:
                return Verdict((), _figures(canary, observed.served))
        except (CannotTellError, FleetError, AlarmsError) as error:
            # What is unclear during the bake may be clear later, at its end at the latest.
            if clock.now() + POLL_SECONDS > last:
                unclear = error.faults if isinstance(error, CannotTellError) else (Fault(str(error)),)
                return _stopped(canary, unclear, clock.now() - begun)
        clock.sleep(POLL_SECONDS if over else max(0.1, min(POLL_SECONDS, end - clock.now())))


def needless(reader: FleetReader, event: dict[str, Any]) -> str:
    """Say why a canary need not bake; empty if it must."""
    if event["RequestType"] == "Create":
        return "the canary is new"
    if template_of(event.get("OldResourceProperties") or {}) == template_of(event["ResourceProperties"]):
        return "its instances are the same as before"
    # The event of a rollback is that of an update to what served before.
    return "the stack is being rolled back" if reader.goes_back(event["StackId"]) else ""


def _look(
    reader: FleetReader, canary: FleetCanary, observed: Observed, passed: float, *, over: bool
) -> tuple[Fault, ...]:
    """Return why the canary must not go on.

    Raises:
        CannotTellError: Instances are missing, or their health is not known yet.
    """
    serving = {one.name for one in reader.instances(canary.group) if _serves(one, canary)}
    gone = [Fault(_GONE, name) for name in sorted(observed.instances - serving)]
    if gone:
        return tuple(gone)
    observed.instances |= serving
    faults, unclear = _unhealthy(reader, canary, sorted(serving))
    if faults:
        return faults
    if canary.metrics:
        observed.served = reader.served(canary.metrics, passed)
        excess = observed.served.excess(canary.max_error_rate, over=over)
        if excess:
            return (Fault(excess),)
    if len(serving) < canary.instances:
        raise CannotTellError(Fault(f"{len(serving)} of {canary.instances} instances of the new version serve"))
    if unclear:
        raise CannotTellError(*unclear)
    return ()


def _serves(instance: Instance, canary: FleetCanary) -> bool:
    return instance.template == canary.template and instance.lifecycle == "InService"


def _unhealthy(
    reader: FleetReader, canary: FleetCanary, names: list[str]
) -> tuple[tuple[Fault, ...], tuple[Fault, ...]]:
    """Return which instances do not get requests, and of which that is not known yet."""
    faults: list[Fault] = []
    unclear: list[Fault] = []
    for arn in canary.target_groups:
        health = reader.health(arn)
        for name in names:
            found = health.get(name, UNREGISTERED)
            if found.state == "healthy":
                continue
            fault = Fault(f"the instance is {found.state} in the target group {_name(arn)}: {found.reason}", name)
            (unclear if found.state == "initial" else faults).append(fault)
    return tuple(faults), tuple(unclear)


def _name(target_group: str) -> str:
    return target_group.split("/")[1] if target_group.count("/") == 2 else target_group


def _stopped(canary: FleetCanary, faults: tuple[Fault, ...], seconds: float) -> Verdict:
    return Verdict(faults, f"after {seconds:.0f} s of {canary.seconds:.0f} s")


def _figures(canary: FleetCanary, served: Served) -> str:
    if canary.metrics is None:
        return "its instances were healthy"
    return f"its instances were healthy, {served.requests:.0f} requests, {served.errors:.0f} failed"
