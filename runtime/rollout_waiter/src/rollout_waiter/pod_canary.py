"""A canary of pods: what is read of a cluster, and why the pods must not go on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote

from .bake import CannotTellError
from .cluster import ClusterError
from .faults import Fault, Object, restarted
from .rollout import Reader, Rollout, explained, is_older, look, replica_set_of, with_logs
from .served import Served

_FIRST_READS = 3
"""Number of looks in a row that may read no metrics before the first that does: an API server may be busy."""


class CanaryReader(Reader, Protocol):
    """Reader of a cluster with a canary."""

    def page(self, path: str) -> str:
        """Return what a pod answers through the API server."""


@dataclass
class PodCanary:
    """The pods of a canary's Deployment.

    Attributes:
        reader: Reads the cluster.
        event: CloudFormation's.
        pods: The canary's own Deployment and pods.
        stable: Deployment and pods that get the version after the canary.
        scheme: Scheme of the server's REST port.
        port: Port of the server's metrics.
        path: Path of the server's metrics.
        max_error_rate: Share of the requests that may fail.
        max_latency: Milliseconds that the 99th percentile may take; None for any.
        alarms: Names of alarms.
        restarts: Number of restarts of each container at the first look, by pod and container.
        served: What each pod answered, also of pods that are gone.
        unread: Number of looks that found pods ready and read no metrics, before the first metrics.
    """

    reader: CanaryReader
    event: dict[str, Any]
    pods: Rollout
    stable: Rollout
    scheme: str
    port: int
    path: str
    max_error_rate: float
    max_latency: float | None
    alarms: list[str]
    restarts: dict[tuple[str, str], int] = field(default_factory=dict)
    served: dict[str, Served] = field(default_factory=dict)
    unread: int = 0

    @classmethod
    def of(cls, reader: CanaryReader, event: dict[str, Any]) -> PodCanary:
        """Read the properties of the custom resource."""
        properties = event["ResourceProperties"]
        latency = properties.get("MaxLatencyMilliseconds")
        shared = {**properties, "TimeoutSeconds": properties["BakeSeconds"]}
        return cls(
            reader,
            event,
            Rollout.of(shared),
            _stable(shared),
            properties.get("Scheme", "http"),
            int(properties["Port"]),
            properties["Path"],
            float(properties["MaxErrorRate"]),
            None if latency is None else float(latency),
            list(properties.get("Alarms") or []),
        )

    @property
    def seconds(self) -> float:
        """Duration of the pods' bake."""
        return self.pods.seconds

    def needless(self) -> str:
        """Say why the pods need not bake; empty if they must.

        CloudFormation does not tell a rollback from an update. In a rollback, as in a deployment of what served before,
        the stable Deployment has had the version's pods, and those of the version to leave are newer or were never
        made.
        """
        stable = self.stable
        if self.reader.find(f"/apis/apps/v1/namespaces/{stable.namespace}/deployments/{stable.name}") is None:
            return "nothing serves yet"
        wanted = replica_set_of(self.reader, stable)
        before = self.event.get("OldResourceProperties") or {}
        if wanted is None:
            return ""
        if before.get("StableSelector") in {None, stable.selector}:
            return "the other pods have this version already"
        properties = {**self.event["ResourceProperties"], **before}
        left = replica_set_of(self.reader, _stable({**properties, "TimeoutSeconds": properties["BakeSeconds"]}))
        return "the other pods had this version before" if left is None or is_older(wanted, left) else ""

    def look(self, _passed: float, *, over: bool) -> tuple[Fault, ...]:
        """Return why the pods must not go on.

        Raises:
            CannotTellError: Pods are not available, or their metrics cannot be read.
        """
        pods = self.reader.items(f"/api/v1/namespaces/{self.pods.namespace}/pods", labelSelector=self.pods.selector)
        alive = [pod for pod in pods if not pod["metadata"].get("deletionTimestamp")]
        again = tuple(fault for pod in alive for fault in restarted(pod, self.restarts))
        if again:
            return again
        unread = [fault for pod in alive if _is_ready(pod) for fault in self._read(pod)]
        faults = self._wrong(over=over)
        faults = faults or self._closed(unread)
        if faults:
            return faults
        available, others, _ = look(self.reader, self.pods)
        if available < self.pods.replicas:
            raise CannotTellError(*others)
        if unread:
            raise CannotTellError(*unread)
        return ()

    def explained(self, faults: tuple[Fault, ...], *, certain: bool) -> tuple[Fault, ...]:
        """Return faults with the ends of the containers' logs, and what is unclear with events too."""
        return (with_logs if certain else explained)(self.reader, self.pods, faults)

    def figures(self) -> str:
        """Say how many requests the pods answered, and how fast."""
        total = self._total()
        latency = total.latency_milliseconds(0.99)
        return f"{total.requests:.0f} requests, {total.errors:.0f} failed, 99th percentile {latency:.1f} ms"

    def _total(self) -> Served:
        return sum(self.served.values(), Served())

    def _read(self, pod: Object) -> list[Fault]:
        name = pod["metadata"]["name"]
        # The API server encrypts if the name has a scheme; it does not know who signs pods' certificates.
        named = f"https:{quote(name)}" if self.scheme == "https" else quote(name)
        path = f"/api/v1/namespaces/{quote(self.pods.namespace)}/pods/{named}:{self.port}/proxy{self.path}"
        try:
            self.served[pod["metadata"]["uid"]] = Served.of(self.reader.page(path))
        except ClusterError as error:
            return [Fault(f"the metrics of the canary's pods cannot be read: {error}", name)]
        return []

    def _closed(self, unread: list[Fault]) -> tuple[Fault, ...]:
        """Return that the way to the pods is closed: the API server never read the metrics of one that is ready."""
        self.unread = self.unread + 1 if unread and not self.served else 0
        if self.unread < _FIRST_READS:
            return ()
        closed = f"the control plane does not reach port {self.port} of the canary's pods, which has their metrics"
        way_out = "open it in their security groups and network policies"
        return (Fault(f"{closed}: {way_out}. {unread[0].what}", unread[0].pod),)

    def _wrong(self, *, over: bool) -> tuple[Fault, ...]:
        faults = []
        total = self._total()
        excess = total.excess(self.max_error_rate, over=over)
        if excess:
            faults.append(Fault(excess))
        latency = total.latency_milliseconds(0.99)
        if over and self.max_latency is not None and latency > self.max_latency:
            what = f"the 99th percentile of the new version's latency is {latency:.1f} ms"
            faults.append(Fault(f"{what}, and maxLatency allows {self.max_latency:.1f} ms"))
        return tuple(faults)


def _stable(properties: dict[str, Any]) -> Rollout:
    return Rollout.of({**properties, "Name": properties["StableName"], "Selector": properties["StableSelector"]})


def _is_ready(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions") or []
    return any(condition.get("type") == "Ready" and condition.get("status") == "True" for condition in conditions)
