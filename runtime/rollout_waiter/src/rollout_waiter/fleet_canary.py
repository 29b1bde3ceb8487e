"""A canary of instances: what is read of a fleet, and why the instances must not go on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from .bake import CannotTellError
from .faults import Fault
from .fleet import UNREGISTERED, Metrics
from .served import Served

if TYPE_CHECKING:
    from .fleet import Health, Instance

_GONE = "the instance left its Auto Scaling group, which ends unhealthy ones"


class FleetReader(Protocol):
    """Reader of a fleet."""

    def goes_back(self, stack: str) -> bool:
        """Tell whether CloudFormation is rolling back a stack."""

    def instances(self, group: str) -> list[Instance]:
        """Return the instances of a group."""

    def health(self, target_group: str) -> dict[str, Health]:
        """Return what a target group says of its instances."""

    def served(self, metrics: Metrics, seconds: float) -> Served:
        """Return what instances answered since so many seconds ago."""


@dataclass
class FleetCanary:
    """The instances of a canary's Auto Scaling group.

    Attributes:
        reader: Reads the fleet.
        event: CloudFormation's.
        group: Name of the Auto Scaling group.
        template: Id and version of the launch template of the new version.
        target_groups: ARNs of the target groups in which the instances must be healthy.
        instances: How many there must be.
        seconds: How long they bake.
        max_error_rate: Share of the requests that may fail.
        metrics: What the instances publish; None if they publish nothing.
        alarms: Names of alarms.
        seen: Ids of the instances that have served.
        served: What they answered.
    """

    reader: FleetReader
    event: dict[str, Any]
    group: str
    template: tuple[str, str]
    target_groups: list[str]
    instances: int
    seconds: float
    max_error_rate: float
    metrics: Metrics | None
    alarms: list[str]
    seen: set[str] = field(default_factory=set)
    served: Served = field(default_factory=Served)

    @classmethod
    def of(cls, reader: FleetReader, event: dict[str, Any]) -> FleetCanary:
        """Read the properties of the custom resource."""
        properties = event["ResourceProperties"]
        publishes = "MaxErrorRate" in properties
        return cls(
            reader,
            event,
            properties["GroupName"],
            _template(properties),
            list(properties["TargetGroupArns"]),
            int(properties["Instances"]),
            float(properties["BakeSeconds"]),
            float(properties.get("MaxErrorRate", 0)),
            Metrics(properties["Namespace"], properties["FleetName"], properties["ModelName"]) if publishes else None,
            list(properties.get("Alarms") or []),
        )

    def needless(self) -> str:
        """Say why the instances need not bake; empty if they must."""
        if self.event["RequestType"] == "Create":
            return "the canary is new"
        if _template(self.event.get("OldResourceProperties") or {}) == self.template:
            return "its instances are the same as before"
        # The event of a rollback is that of an update to what served before.
        return "the stack is being rolled back" if self.reader.goes_back(self.event["StackId"]) else ""

    def look(self, passed: float, *, over: bool) -> tuple[Fault, ...]:
        """Return why the instances must not go on.

        Raises:
            CannotTellError: Instances are missing, or their health is not known yet.
        """
        serving = {instance.name for instance in self.reader.instances(self.group) if self._serves(instance)}
        gone = [Fault(_GONE, name) for name in sorted(self.seen - serving)]
        if gone:
            return tuple(gone)
        self.seen |= serving
        faults, unclear = self._unhealthy(sorted(serving))
        if faults:
            return faults
        if self.metrics:
            self.served = self.reader.served(self.metrics, passed)
            excess = self.served.excess(self.max_error_rate, over=over)
            if excess:
                return (Fault(excess),)
        if len(serving) < self.instances:
            raise CannotTellError(Fault(f"{len(serving)} of {self.instances} instances of the new version serve"))
        if unclear:
            raise CannotTellError(*unclear)
        return ()

    def explained(self, faults: tuple[Fault, ...], *, certain: bool) -> tuple[Fault, ...]:  # noqa: ARG002 - nothing is left to read
        """Return the faults: they have all that is known."""
        return faults

    def figures(self) -> str:
        """Say how the instances served."""
        if self.metrics is None:
            return "its instances were healthy"
        return f"its instances were healthy, {self.served.requests:.0f} requests, {self.served.errors:.0f} failed"

    def _serves(self, instance: Instance) -> bool:
        return instance.template == self.template and instance.lifecycle == "InService"

    def _unhealthy(self, names: list[str]) -> tuple[tuple[Fault, ...], tuple[Fault, ...]]:
        """Return which instances do not get requests, and of which that is not known yet."""
        faults: list[Fault] = []
        unclear: list[Fault] = []
        for arn in self.target_groups:
            health = self.reader.health(arn)
            for name in names:
                target = health.get(name, UNREGISTERED)
                if target.state == "healthy":
                    continue
                fault = Fault(f"the instance is {target.state} in the target group {_name(arn)}: {target.reason}", name)
                (unclear if target.state == "initial" else faults).append(fault)
        return tuple(faults), tuple(unclear)


def _template(properties: dict[str, Any]) -> tuple[str, str]:
    """Return id and version of the launch template."""
    return (str(properties.get("LaunchTemplateId")), str(properties.get("LaunchTemplateVersion")))


def _name(target_group: str) -> str:
    return target_group.split("/")[1] if target_group.count("/") == 2 else target_group
