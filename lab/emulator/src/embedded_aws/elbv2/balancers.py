"""The load balancers that run: a loopback port for each listener."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from embedded_aws.host.plane import join

if TYPE_CHECKING:
    import asyncio

    from embedded_aws.elbv2.targets import Instance, State, TargetGroup
    from embedded_aws.host.plane import Plane, Streams


@dataclass
class Listener:
    """One that accepts connections."""

    dns_name: str
    port: int
    target_group: str
    server: asyncio.Server
    loopback_port: int


class Balancers:
    """All target groups and listeners, by their ARNs."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._groups: dict[str, TargetGroup] = {}
        self._listeners: dict[str, Listener] = {}

    def knows(self, arn: str) -> bool:
        """Tells whether a target group is one of these."""
        return arn in self._groups

    def add_group(self, arn: str, group: TargetGroup) -> None:
        """Knows a target group from now on."""
        self._groups[arn] = group

    def change_group(self, arn: str, group: TargetGroup) -> None:
        """Gives a target group another health check and draining time; its targets stay."""
        known = self._groups[arn]
        known.check, known.draining = group.check, group.draining

    def remove_group(self, arn: str) -> None:
        """Forgets a target group."""
        self._groups.pop(arn, None)

    def states(self, arn: str) -> dict[str, State]:
        """Instances of a target group and their states."""
        return self._groups[arn].states() if arn in self._groups else {}

    def register(self, arns: list[str], instance: Instance) -> None:
        """Puts an instance into target groups."""
        for arn in arns:
            self._plane.run(self._groups[arn].register(instance))

    def deregister(self, arns: list[str], instance_id: str) -> None:
        """Takes an instance out of target groups, once its connections have ended or their time is up."""
        groups = [self._groups[arn] for arn in arns if arn in self._groups]
        for group in groups:
            self._plane.run(group.deregister(instance_id), timeout=None)

    def listen(self, arn: str, dns_name: str, port: int, target_group: str) -> None:
        """Opens a loopback port for a listener; one that has one keeps it."""
        if arn in self._listeners:
            self._listeners[arn].port, self._listeners[arn].target_group = port, target_group
            return
        accepting = socket.socket()
        accepting.bind(("127.0.0.1", 0))
        accepting.listen(128)
        listener: list[Listener] = []

        async def connect(incoming: Streams) -> None:
            target, streams = await self._groups[listener[0].target_group].connect()
            target.connections += 1
            try:
                await join(incoming, streams)
            finally:
                target.connections -= 1
                if not target.connections:
                    target.drained.set()

        loopback_port = accepting.getsockname()[1]
        server = self._plane.serve(accepting, connect)
        listener.append(Listener(dns_name, port, target_group, server, loopback_port))
        self._listeners[arn] = listener[0]

    def silence(self, arn: str) -> None:
        """Closes a listener's port."""
        listener = self._listeners.pop(arn, None)
        if listener:
            self._plane.close(listener.server)

    def loopback_port(self, dns_name: str, port: int) -> int | None:
        """Return the local port of a load balancer's port."""
        found = (
            listener.loopback_port
            for listener in self._listeners.values()
            if (listener.dns_name, listener.port) == (dns_name, port)
        )
        return next(found, None)
