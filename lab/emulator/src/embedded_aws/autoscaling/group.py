"""One Auto Scaling group: its instances, and the target groups that they are in."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.ec2.instances import Instances
    from embedded_aws.ec2.machine import Machine
    from embedded_aws.elbv2.balancers import Balancers

Properties = dict[str, Any]


@dataclass(frozen=True)
class Member:
    """An instance and what it was made from."""

    machine: Machine
    template: dict[str, Any]
    subnet: str


class Group:
    """Starts and ends instances; when is decided elsewhere."""

    def __init__(
        self,
        properties: Properties,
        instances: Instances,
        balancers: Balancers,
        changed: Callable[[list[Member]], None],
    ) -> None:
        """Makes an empty one.

        Args:
            properties: of the template.
            instances: starts and ends them.
            balancers: lead to them.
            changed: called after every change.
        """
        self.properties = properties
        self.members: list[Member] = []
        self._instances, self._balancers, self._changed = instances, balancers, changed
        self._subnet = itertools.count()

    @property
    def capacity(self) -> int:
        """Desired number of instances."""
        return desired(self.properties)

    @property
    def obsolete(self) -> list[Member]:
        """The instances that are made from another launch template or version than the group now says, oldest first."""
        return [member for member in self.members if member.template != self.properties["LaunchTemplate"]]

    def start(self, count: int) -> list[Member]:
        """Starts instances and puts them into the group's target groups."""
        started = []
        subnets = self.properties["VPCZoneIdentifier"]
        for _ in range(count):
            subnet = subnets[next(self._subnet) % len(subnets)]
            template = self.properties["LaunchTemplate"]
            tags = [{"Key": tag["Key"], "Value": tag["Value"]} for tag in self.properties.get("Tags") or []]
            member = Member(self._instances.launch(template, subnet, tags), template, subnet)
            started.append(member)
            self.members.append(member)
            self._balancers.register(self._target_groups, member.machine)
            self._changed(self.members)
        return started

    def end(self, members: list[Member]) -> None:
        """Takes instances out of service, lets their connections end, and ends them."""
        for member in members:
            self._balancers.deregister(self._target_groups, member.machine.instance_id)
            self._instances.end(member.machine)
            self.members.remove(member)
            self._changed(self.members)

    @property
    def _target_groups(self) -> list[str]:
        return list(self.properties.get("TargetGroupARNs") or [])


def desired(properties: Properties) -> int:
    """Number of instances of a template's group."""
    return int(properties["DesiredCapacity"] if "DesiredCapacity" in properties else properties["MinSize"])
