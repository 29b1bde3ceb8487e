"""Nodes in three zones and their kubelet: it gives pods to a runtime, and tells the API server how they are."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from embedded_aws.eks.control_plane import ControlPlane

_MERGE = "application/merge-patch+json"
_HEARTBEAT_SECONDS = 5

_log = logging.getLogger("embedded_aws.eks")


@dataclass(frozen=True)
class PodState:
    """How a pod is.

    Attributes:
        ready: whether its readiness probe succeeds.
        waiting: why a container does not run, in Kubernetes' words, such as ContainerCreating; None: all run.
        message: more of that.
        initialized: whether its init containers have ended well.
        restarts: how often its container was started again.
        annotations: what the pod gets to know of itself.
    """

    ready: bool
    waiting: str | None = None
    message: str = ""
    initialized: bool = True
    restarts: int = 0
    annotations: tuple[tuple[str, str], ...] = ()


class Runtime(Protocol):
    """Runs containers."""

    def state(self, pod: dict[str, Any]) -> PodState:
        """Start a pod that is new, and say how it is. Does not wait."""

    def keep(self, uids: set[str]) -> None:
        """End all pods but these."""


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
        self._heartbeat_due = 0.0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._loop, daemon=True, name="kubelet")

    def start(self) -> None:
        """Register the nodes and begin to report."""
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
        self.runtime.keep(set())

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
        ready = {"type": "Ready", "status": "True", "reason": "EmbeddedAws", "lastHeartbeatTime": _now()}
        status = {"status": {"capacity": capacity, "allocatable": capacity, "conditions": [ready]}}
        for name in self.zones:
            self.plane.request("PATCH", f"/api/v1/nodes/{name}/status", status, _MERGE)

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
                self.plane.request("PATCH", f"{path}/status", _status(pod, state), _MERGE)
                self._reported[meta["uid"]] = state


def _status(pod: dict[str, Any], state: PodState) -> dict[str, Any]:
    now = _now()
    conditions = {
        "PodScheduled": True,
        "Initialized": state.initialized,
        "ContainersReady": state.ready,
        "Ready": state.ready,
    }
    address = f"10.1.0.{sum(pod['metadata']['uid'].encode()) % 250 + 1}"
    initializing = not state.initialized
    if initializing:
        init, main = _state(state.waiting, state.message, now), _state("PodInitializing", "", now)
    else:
        init, main = {"terminated": {"exitCode": 0, "reason": "Completed"}}, _state(state.waiting, state.message, now)
    status = {
        "phase": "Pending" if initializing else "Running",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": now,
        "conditions": [
            {"type": kind, "status": "True" if value else "False", "lastTransitionTime": now}
            for kind, value in conditions.items()
        ],
        "initContainerStatuses": [
            _container(one, init, ready=not initializing, restarts=state.restarts if initializing else 0)
            for one in pod["spec"].get("initContainers", [])
        ],
        "containerStatuses": [
            _container(one, main, ready=state.ready, restarts=0 if initializing else state.restarts)
            for one in pod["spec"]["containers"]
        ],
    }
    return {"status": status}


def _state(waiting: str | None, message: str, now: str) -> dict[str, Any]:
    return {"waiting": {"reason": waiting, "message": message}} if waiting else {"running": {"startedAt": now}}


def _container(container: dict[str, Any], state: dict[str, Any], *, ready: bool, restarts: int) -> dict[str, Any]:
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": "none",
        "ready": ready,
        "started": ready,
        "restartCount": restarts,
        "state": state,
    }


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
