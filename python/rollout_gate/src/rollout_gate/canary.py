"""Watches a canary while it serves, and says why it must not go on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from .alarms import AlarmsError
from .cluster import ClusterError
from .faults import Fault, Object, restarted
from .rollout import Reader, Rollout, explained, is_older, look, replica_set_of, with_logs
from .served import Served

if TYPE_CHECKING:
    from collections.abc import Callable

    from .rollout import Clock

POLL_SECONDS = 10.0
#: How long after the bake its last look may still be impossible, for example because a node's pods move.
GRACE_SECONDS = 60.0


class CanaryReader(Reader, Protocol):
    """What is read of a cluster with a canary."""

    def page(self, path: str) -> str:
        """Return what a pod answers through the API server."""


@dataclass(frozen=True)
class Canary:
    """What to watch.

    Attributes:
        pods: The canary's own Deployment and pods.
        stable: Deployment and pods that get the version after the canary.
        port: Port of the server's metrics.
        path: Path of the server's metrics.
        max_error_rate: Share of the requests that may fail.
        max_latency: Milliseconds that the 99th percentile may take; None for any.
        alarms: Names of alarms.
    """

    pods: Rollout
    stable: Rollout
    port: int
    path: str
    max_error_rate: float
    max_latency: float | None
    alarms: list[str]

    @classmethod
    def of(cls, properties: dict[str, Any]) -> Canary:
        """Read the properties of the custom resource."""
        latency = properties.get("MaxLatencyMilliseconds")
        shared = {**properties, "TimeoutSeconds": properties["BakeSeconds"]}
        return cls(
            Rollout.of(shared),
            Rollout.of({**shared, "Name": properties["StableName"], "Selector": properties["StableSelector"]}),
            int(properties["Port"]),
            properties["Path"],
            float(properties["MaxErrorRate"]),
            None if latency is None else float(latency),
            list(properties.get("Alarms") or []),
        )


@dataclass(frozen=True)
class Verdict:
    """How a bake ended.

    Attributes:
        faults: Why the canary must not go on; empty if it may.
        ending: When that was; for a canary that may go on, why, or its figures.
    """

    faults: tuple[Fault, ...]
    ending: str


class CannotTellError(Exception):
    """A look at the canary did not show whether it works."""

    def __init__(self, *faults: Fault) -> None:
        """Keep what prevented it."""
        super().__init__(*faults)
        self.faults = faults


@dataclass
class Observed:
    """What the looks so far have shown.

    Attributes:
        restarts: Number of restarts of each container at the first look, by pod and container.
        served: What each pod answered, also of pods that are gone.
    """

    restarts: dict[tuple[str, str], int] = field(default_factory=dict)
    served: dict[str, Served] = field(default_factory=dict)

    def total(self) -> Served:
        """Return what all pods answered together."""
        return sum(self.served.values(), Served())


def bake(
    reader: CanaryReader,
    alarm_reason: Callable[[list[str]], str],
    event: dict[str, Any],
    clock: Clock,
    seconds_left: float,
) -> Verdict:
    """Watch a canary for as long as it bakes, or until it must not go on.

    Args:
        reader: Reads the cluster.
        alarm_reason: Says which alarm is in the state ALARM.
        event: CloudFormation's.
        clock: Time.
        seconds_left: How long the function may run.
    """
    canary = Canary.of(event["ResourceProperties"])
    begun = clock.now()
    end = begun + min(canary.pods.seconds, seconds_left)
    last = min(end + GRACE_SECONDS, begun + seconds_left)
    observed = Observed()
    needed = False
    while True:
        over = clock.now() >= end
        try:
            why_not = "" if needed else needless(reader, event, canary)
            if why_not:
                return Verdict((), why_not)
            needed = True
            alarm = alarm_reason(canary.alarms)
            faults = (Fault(alarm),) if alarm else _look(reader, canary, observed, over=over)
            if faults:
                return _stopped(canary, with_logs(reader, canary.pods, faults), clock.now() - begun)
            if over:
                return Verdict((), _figures(observed.total()))
        except (CannotTellError, ClusterError, AlarmsError) as error:
            # What is unclear during the bake may be clear later, at its end at the latest.
            if clock.now() + POLL_SECONDS > last:
                unclear = error.faults if isinstance(error, CannotTellError) else (Fault(str(error)),)
                return _stopped(canary, explained(reader, canary.pods, unclear), clock.now() - begun)
        clock.sleep(POLL_SECONDS if over else max(0.1, min(POLL_SECONDS, end - clock.now())))


def needless(reader: Reader, event: dict[str, Any], canary: Canary) -> str:
    """Say why a canary need not bake; empty if it must.

    CloudFormation does not tell a rollback from an update. In a rollback, as in a deployment of what served before, the
    stable Deployment has had the version's pods, and those of the version to leave are newer or were never made.
    """
    if reader.find(f"/apis/apps/v1/namespaces/{canary.stable.namespace}/deployments/{canary.stable.name}") is None:
        return "nothing serves yet"
    wanted = replica_set_of(reader, canary.stable)
    before = event.get("OldResourceProperties") or {}
    if wanted is None:
        return ""
    if before.get("StableSelector") in {None, canary.stable.selector}:
        return "the other pods have this version already"
    left = replica_set_of(reader, Canary.of({**event["ResourceProperties"], **before}).stable)
    return "the other pods had this version before" if left is None or is_older(wanted, left) else ""


def _look(reader: CanaryReader, canary: Canary, observed: Observed, *, over: bool) -> tuple[Fault, ...]:
    """Return why the canary must not go on.

    Raises:
        CannotTellError: Pods are not available, or their metrics cannot be read.
    """
    pods = reader.items(f"/api/v1/namespaces/{canary.pods.namespace}/pods", labelSelector=canary.pods.selector)
    alive = [pod for pod in pods if not pod["metadata"].get("deletionTimestamp")]
    again = tuple(fault for pod in alive for fault in restarted(pod, observed.restarts))
    if again:
        return again
    unread = [fault for pod in alive if _is_ready(pod) for fault in _read(reader, canary, pod, observed)]
    faults = _wrong(canary, observed.total(), over=over)
    if faults:
        return faults
    available, others, _ = look(reader, canary.pods)
    if available < canary.pods.replicas:
        raise CannotTellError(*others)
    if unread:
        raise CannotTellError(*unread)
    return ()


def _read(reader: CanaryReader, canary: Canary, pod: Object, observed: Observed) -> list[Fault]:
    name = pod["metadata"]["name"]
    path = f"/api/v1/namespaces/{quote(canary.pods.namespace)}/pods/{quote(name)}:{canary.port}/proxy{canary.path}"
    try:
        observed.served[pod["metadata"]["uid"]] = Served.of(reader.page(path))
    except ClusterError as error:
        return [Fault(f"the metrics of the canary's pods cannot be read: {error}", name)]
    return []


def _wrong(canary: Canary, served: Served, *, over: bool) -> tuple[Fault, ...]:
    faults = []
    excess = served.excess(canary.max_error_rate, over=over)
    if excess:
        faults.append(Fault(excess))
    latency = served.latency_milliseconds(0.99)
    if over and canary.max_latency is not None and latency > canary.max_latency:
        what = f"the 99th percentile of the new version's latency is {latency:.1f} ms"
        faults.append(Fault(f"{what}, and maxLatency allows {canary.max_latency:.1f} ms"))
    return tuple(faults)


def _stopped(canary: Canary, faults: tuple[Fault, ...], seconds: float) -> Verdict:
    return Verdict(faults, f"after {seconds:.0f} s of {canary.pods.seconds:.0f} s")


def _figures(served: Served) -> str:
    latency = served.latency_milliseconds(0.99)
    return f"{served.requests:.0f} requests, {served.errors:.0f} failed, 99th percentile {latency:.1f} ms"


def _is_ready(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions") or []
    return any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)
