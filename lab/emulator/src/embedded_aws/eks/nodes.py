"""Nodes in three zones and their kubelet: it gives pods to a runtime, and tells the API server how they are."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any, Protocol

from embedded_aws.eks.kubelet_api import KubeletApi
from embedded_aws.eks.pod_events import Events
from embedded_aws.eks.pod_state import PodState, status_of, timestamp

if TYPE_CHECKING:
    from embedded_aws.eks.control_plane import ControlPlane

_MERGE = "application/merge-patch+json"
_HEARTBEAT_SECONDS = 5

_log = logging.getLogger("embedded_aws.eks")


class Runtime(Protocol):
    """Runs containers."""

    def state(self, pod: dict[str, Any]) -> PodState:
        """Start a pod that is new, and say how it is. Does not wait."""

    def keep(self, uids: set[str]) -> None:
        """End all pods but these. Does not wait for those that still answer."""

    def close(self) -> None:
        """End all pods at once."""

    def log(self, namespace: str, pod: str, container: str, previous: bool) -> str | None:
        """Return a container's log, the one before its restart or the present one; None where there is none."""


class Nodes:
    """The nodes of a cluster."""

    def __init__(self, plane: ControlPlane, runtime: Runtime, zones: dict[str, str]) -> None:
        """Prepares them.

        Args:
            plane: where they register.
            runtime: what runs their pods.
            zones: the zone of each node by its name.
        """
        self.plane = plane
        self.runtime = runtime
        self.zones = zones
        self._reported: dict[str, PodState] = {}
        self._events = Events(plane)
        self._kubelet: KubeletApi | None = None
        self._heartbeat_due = 0.0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._loop, daemon=True, name="kubelet")

    def start(self) -> None:
        """Register the nodes and begin to report."""
        self._kubelet = KubeletApi(self.plane.directory / "pki", self.runtime.log)
        self._kubelet.start()
        for name, zone in self.zones.items():
            labels = {
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/os": "linux",
                "kubernetes.io/hostname": name,
                "topology.kubernetes.io/zone": zone,
            }
            self.plane.request(
                "POST",
                "/api/v1/nodes",
                {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}},
            )
        self._thread.start()

    def stop(self) -> None:
        """Stop reporting, and end all pods."""
        self._stopped.set()
        self._thread.join(10)
        self.runtime.close()
        if self._kubelet:
            self._kubelet.stop()

    def schedulable(self) -> bool:
        """Say whether the control plane has noticed that the nodes are ready."""
        return all(not node["spec"].get("taints") for node in self.plane.items("/api/v1/nodes"))

    def _loop(self) -> None:
        while not self._stopped.wait(0.3):
            try:
                self._synchronize()
            except OSError as error:
                # A busy API server answers the next time; a real kubelet goes on as well.
                if not self._stopped.is_set():
                    _log.warning("kubelet: %s", error)

    def _synchronize(self) -> None:
        if time.monotonic() >= self._heartbeat_due:
            self._heartbeat()
            self._heartbeat_due = time.monotonic() + _HEARTBEAT_SECONDS
        pods = self.plane.items("/api/v1/pods")
        alive = [pod for pod in pods if not pod["metadata"].get("deletionTimestamp")]
        self.runtime.keep({pod["metadata"]["uid"] for pod in alive})
        for pod in pods:
            self._report(pod)

    def _heartbeat(self) -> None:
        capacity = {"cpu": "8", "memory": "32Gi", "pods": "110"}
        ready = {"type": "Ready", "status": "True", "reason": "EmbeddedAws", "lastHeartbeatTime": timestamp()}
        status: dict[str, Any] = {"capacity": capacity, "allocatable": capacity, "conditions": [ready]}
        if self._kubelet:
            status["addresses"] = [{"type": "InternalIP", "address": "127.0.0.1"}]
            status["daemonEndpoints"] = {"kubeletEndpoint": {"Port": self._kubelet.port}}
        for name in self.zones:
            self.plane.request("PATCH", f"/api/v1/nodes/{name}/status", {"status": status}, _MERGE)

    def _report(self, pod: dict[str, Any]) -> None:
        meta, spec = pod["metadata"], pod["spec"]
        path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
        if meta.get("deletionTimestamp"):
            self.plane.request("DELETE", path, {"gracePeriodSeconds": 0})
            self._reported.pop(meta["uid"], None)
        elif spec.get("nodeName"):
            state = self.runtime.state(pod)
            if self._reported.get(meta["uid"]) != state:
                if state.annotations:
                    self.plane.request("PATCH", path, {"metadata": {"annotations": dict(state.annotations)}}, _MERGE)
                self.plane.request("PATCH", f"{path}/status", {"status": status_of(pod, state)}, _MERGE)
                self._events.tell(pod, state)
                self._reported[meta["uid"]] = state
