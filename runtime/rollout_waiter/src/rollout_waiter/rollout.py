"""Observes a rollout, and waits for its end."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from .cluster import ClusterError
from .faults import Fault, Object, condition, faults_of

if TYPE_CHECKING:
    from collections.abc import Callable

_POLL_SECONDS = 5.0
_LOGS, _EVENTS = 3, 10
"""Number of faulty pods whose logs and events are read: pods of one template mostly have the same fault."""


class Reader(Protocol):
    """Reader of a cluster."""

    def items(self, path: str, **query: str) -> list[Object]:
        """Return the items of a list."""

    def find(self, path: str) -> Object | None:
        """Return an object, or None."""

    def log(self, namespace: str, pod: str, container: str, *, previous: bool) -> str:
        """Return the end of a log."""


@dataclass(frozen=True)
class Rollout:
    """Rollout to wait for.

    Attributes:
        namespace: Namespace of the Deployment.
        name: Name of the Deployment.
        selector: Labels of the ReplicaSet and the pods of the new template.
        replicas: How many pods must be available.
        seconds: How long to wait.
    """

    namespace: str
    name: str
    selector: str
    replicas: int
    seconds: float

    @classmethod
    def of(cls, properties: dict[str, Any]) -> Rollout:
        """Read the properties of the custom resource."""
        return cls(
            properties["Namespace"],
            properties["Name"],
            properties["Selector"],
            int(properties["Replicas"]),
            float(properties["TimeoutSeconds"]),
        )


@dataclass(frozen=True)
class Outcome:
    """Result of a wait.

    Attributes:
        available: How many pods were available at the end.
        faults: Why the others were not; empty if enough were.
        ending: Why the wait ended; empty if enough pods were available.
    """

    available: int
    faults: tuple[Fault, ...] = ()
    ending: str = ""


@dataclass(frozen=True)
class Clock:
    """Time, which a test replaces."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def replica_set_of(reader: Reader, rollout: Rollout) -> Object | None:
    """Return the ReplicaSet of a rollout, the newest one if a template was changed by hand."""
    listed = reader.items(f"/apis/apps/v1/namespaces/{rollout.namespace}/replicasets", labelSelector=rollout.selector)
    return max(listed, key=_created, default=None)


def available_in(replica_set: Object | None) -> int:
    """Return how many pods of a ReplicaSet are available."""
    return int((replica_set or {}).get("status", {}).get("availableReplicas", 0))


def is_older(left: Object | None, right: Object | None) -> bool:
    """Tell whether a ReplicaSet was created before another."""
    return left is not None and right is not None and _created(left) < _created(right)


def wait(reader: Reader, rollout: Rollout, clock: Clock) -> Outcome:
    """Wait until enough pods are available, the time is over, or more waiting is useless."""
    deadline = clock.now() + rollout.seconds
    since: dict[Fault, float] = {}
    faults: tuple[Fault, ...]
    while True:
        available, ending = 0, ""
        try:
            available, faults, ended = look(reader, rollout)
            if available >= rollout.replicas:
                return Outcome(available)
            ending = ended or _useless(faults, since, clock.now())
        except ClusterError as error:
            # A busy API server may answer the next time.
            faults = (Fault(f"the rollout could not be watched: {error}"),)
        if not ending and clock.now() + _POLL_SECONDS > deadline:
            ending = f"after {rollout.seconds:.0f} s"
        if ending:
            return Outcome(available, explained(reader, rollout, faults), ending)
        clock.sleep(_POLL_SECONDS)


def look(reader: Reader, rollout: Rollout, faulty: tuple[Fault, ...] = ()) -> tuple[int, tuple[Fault, ...], str]:
    """Return how many pods are available, why others are not, and whether Kubernetes gave up.

    Reads only the events of pods that are known to have a fault, because a namespace may have many.
    """
    replica_set = replica_set_of(reader, rollout)
    if available_in(replica_set) >= rollout.replicas:
        return available_in(replica_set), (), ""
    deployment = reader.find(f"/apis/apps/v1/namespaces/{rollout.namespace}/deployments/{rollout.name}")
    pods = reader.items(f"/api/v1/namespaces/{rollout.namespace}/pods", labelSelector=rollout.selector)
    names = dict.fromkeys(fault.pod for fault in faulty if fault.pod)
    events = [event for name in [*names][:_EVENTS] for event in _events(reader, rollout, name)]
    faults = tuple(faults_of(pods, events, replica_set, deployment))
    # A pod that is ready counts as available after minReadyTime; the autoscaler may not have asked for all of them yet.
    slow = Fault(f"the pods so far, {len(pods)} of them, are ready, but were not for minReadyTime")
    return available_in(replica_set), faults or (slow,), _gave_up(deployment)


def _gave_up(deployment: Object | None) -> str:
    status = (deployment or {}).get("status", {})
    if status.get("observedGeneration") != (deployment or {}).get("metadata", {}).get("generation"):
        return ""  # its status is still that of the previous version
    progressing = condition(deployment, "Progressing") or {}
    exceeded = progressing.get("reason") == "ProgressDeadlineExceeded"
    return "when Kubernetes gave up (ProgressDeadlineExceeded)" if exceeded else ""


def _useless(faults: tuple[Fault, ...], since: dict[Fault, float], now: float) -> str:
    """Say why more waiting is useless: no fault may still be temporary, considering how long it has lasted."""
    for fault in faults:
        since.setdefault(_lasting(fault), now)
    for known in since.keys() - {_lasting(fault) for fault in faults}:
        del since[known]
    permanent = [
        fault.give_up_seconds is not None and now - since[_lasting(fault)] >= fault.give_up_seconds for fault in faults
    ]
    return "when the wait ended early, because waiting does not help" if faults and all(permanent) else ""


def _lasting(fault: Fault) -> Fault:
    """Return the part of a fault that stays the same while a container restarts again and again."""
    return Fault(
        "" if fault.container else fault.what, fault.pod, fault.container, give_up_seconds=fault.give_up_seconds
    )


def explained(reader: Reader, rollout: Rollout, faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
    """Return the faults with their events and logs, which are read only once."""
    try:
        faults = look(reader, rollout, faults)[1] or faults
    except ClusterError as error:
        print(f"no events: {error}")
    return with_logs(reader, rollout, faults)


def _events(reader: Reader, rollout: Rollout, pod: str) -> list[Object]:
    selector = f"type=Warning,involvedObject.name={pod}"
    return reader.items(f"/api/v1/namespaces/{rollout.namespace}/events", fieldSelector=selector)


def with_logs(reader: Reader, rollout: Rollout, faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
    """Return the faults with the ends of their containers' logs."""
    complete = []
    read = 0
    for fault in faults:
        if fault.log or not fault.container or read == _LOGS:
            complete.append(fault)
            continue
        read += 1
        text = reader.log(rollout.namespace, fault.pod, fault.container, previous=fault.previous)
        complete.append(replace(fault, log=text))
    return tuple(complete)


def _created(owner: Object) -> str:
    return str(owner["metadata"].get("creationTimestamp", ""))
