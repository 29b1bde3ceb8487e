"""A target group: which instances are in it, whether they are healthy, and what is still under way to them."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import ssl
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from embedded_aws.host.plane import Streams

INTERVAL = 1.0
"""Seconds between two checks, whatever the target group says: waiting proves nothing."""

_LOOPBACK = "127.0.0.1"
_UNVERIFIED = ssl.create_default_context()
_UNVERIFIED.check_hostname = False
_UNVERIFIED.verify_mode = ssl.CERT_NONE


class State(Enum):
    """State of a target, in Elastic Load Balancing's words."""

    INITIAL = "initial"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    DRAINING = "draining"


class Instance(Protocol):
    """A target that can be connected to."""

    instance_id: str

    def socket(self) -> socket.socket:
        """A socket in its network."""


@dataclass(frozen=True)
class HealthCheck:
    """The health check of a target group.

    Attributes:
        path: asked for by HTTP; None where a connection is enough.
        encrypted: asked for by HTTPS, whoever signed the certificate.
        port: of the instance.
        codes: the answers that are good.
        timeout: seconds.
        healthy: good checks in a row that make a target healthy.
        unhealthy: bad checks in a row that make it unhealthy.
    """

    path: str | None
    encrypted: bool
    port: int
    codes: frozenset[int]
    timeout: float
    healthy: int
    unhealthy: int


@dataclass
class Target:
    """An instance in a target group."""

    instance: Instance
    state: State = State.INITIAL
    connections: int = 0
    good: int = 0
    bad: int = 0
    drained: asyncio.Event = field(default_factory=asyncio.Event)
    watch: asyncio.Task[None] | None = None  # held here: the loop itself keeps no task alive

    def judge(self, good: bool, check: HealthCheck) -> None:
        """Takes one check's outcome into account."""
        self.good, self.bad = (self.good + 1, 0) if good else (0, self.bad + 1)
        if self.state is State.DRAINING:
            return
        if self.good >= check.healthy:
            self.state = State.HEALTHY
        elif self.bad >= check.unhealthy:
            self.state = State.UNHEALTHY


class TargetGroup:
    """All methods but `states` are for the network's own thread."""

    def __init__(self, port: int, check: HealthCheck, draining: float) -> None:
        """Makes an empty one.

        Args:
            port: where instances take requests.
            check: decides about their health.
            draining: seconds that connections may go on when a target leaves.
        """
        self.port, self.check, self.draining = port, check, draining
        self._targets: dict[str, Target] = {}
        self._order = itertools.count(random.randrange(1000))  # noqa: S311 - which target is first is of no interest

    def states(self) -> dict[str, State]:
        """The state of every registered instance."""
        return {name: target.state for name, target in list(self._targets.items())}

    async def register(self, instance: Instance) -> None:
        """Adds an instance, and checks it from now on until it is gone."""
        target = self._targets[instance.instance_id] = Target(instance)
        target.watch = asyncio.create_task(self._watch(target))

    async def deregister(self, instance_id: str) -> None:
        """Sends an instance no new connection, and returns when the old ones have ended or their time is up."""
        target = self._targets.get(instance_id)
        if target is None:
            return
        target.state = State.DRAINING
        target.drained.clear()
        if target.connections:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(target.drained.wait(), self.draining)
        self._targets.pop(instance_id, None)

    async def connect(self) -> tuple[Target, Streams]:
        """A connection to a target.

        Raises:
            ConnectionError: there is none that answers.
        """
        for target in self._candidates():
            with contextlib.suppress(OSError):
                return target, await _connect(target.instance, self.port)
        raise ConnectionError("no target answers")

    def _candidates(self) -> Iterator[Target]:
        """Healthy ones in turn; where none is healthy, all unhealthy ones, as a network load balancer does."""
        targets = list(self._targets.values())
        healthy = [target for target in targets if target.state is State.HEALTHY]
        chosen = healthy or [target for target in targets if target.state is State.UNHEALTHY]
        first = next(self._order) % len(chosen) if chosen else 0
        yield from chosen[first:] + chosen[:first]

    async def _watch(self, target: Target) -> None:
        while self._targets.get(target.instance.instance_id) is target:
            try:
                good = await asyncio.wait_for(self._answers(target.instance), self.check.timeout)
            except (OSError, TimeoutError, ValueError, IndexError):
                good = False
            target.judge(good, self.check)
            await asyncio.sleep(INTERVAL)

    async def _answers(self, instance: Instance) -> bool:
        reader, writer = await _connect(instance, self.check.port, encrypted=self.check.encrypted)
        try:
            if self.check.path is None:
                return True
            writer.write(f"GET {self.check.path} HTTP/1.1\r\nHost: {_LOOPBACK}\r\nConnection: close\r\n\r\n".encode())
            await writer.drain()
            return int((await reader.readline()).split()[1]) in self.check.codes
        finally:
            writer.close()


async def _connect(instance: Instance, port: int, *, encrypted: bool = False) -> Streams:
    made = instance.socket()
    made.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(made, (_LOOPBACK, port))
        if encrypted:
            return await asyncio.open_connection(sock=made, ssl=_UNVERIFIED, server_hostname=_LOOPBACK)
        return await asyncio.open_connection(sock=made)
    except BaseException:
        made.close()
        raise
