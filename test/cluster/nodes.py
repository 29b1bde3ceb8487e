"""Three nodes in three zones, and a kubelet that runs nothing: it reports what a real one would report.

A pod becomes ready when its claim is bound and its version is none that is broken; a deleted pod goes at once.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

from control_plane import ControlPlane

ZONES = {"node-a": "eu-central-1a", "node-b": "eu-central-1b", "node-c": "eu-central-1c"}
VERSION_LABEL = "cdk-tensorflow/version"
_MERGE = "application/merge-patch+json"


class Nodes:
    """The nodes of a cluster."""

    def __init__(self, plane: ControlPlane) -> None:
        self.plane = plane
        #: Versions whose pods never load their model.
        self.broken: set[str] = set()
        self.error: BaseException | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._loop, daemon=True)

    def start(self) -> None:
        """Register the nodes and begin to report."""
        for name, zone in ZONES.items():
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
        """Stop reporting."""
        self._stopped.set()
        self._thread.join(10)

    def schedulable(self) -> bool:
        """Say whether the control plane has noticed that the nodes are ready."""
        return all(not node["spec"].get("taints") for node in self.plane.items("/api/v1/nodes"))

    def _loop(self) -> None:
        try:
            while not self._stopped.wait(0.3):
                self._heartbeat()
                for pod in self.plane.items("/api/v1/pods"):
                    self._report(pod)
        except OSError as error:
            if not self._stopped.is_set():
                self.error = error

    def _heartbeat(self) -> None:
        capacity = {"cpu": "8", "memory": "32Gi", "pods": "110"}
        ready = {"type": "Ready", "status": "True", "reason": "Fake", "lastHeartbeatTime": _now()}
        status = {"status": {"capacity": capacity, "allocatable": capacity, "conditions": [ready]}}
        for name in ZONES:
            self.plane.request("PATCH", f"/api/v1/nodes/{name}/status", status, _MERGE)

    def _report(self, pod: dict[str, Any]) -> None:
        meta, spec = pod["metadata"], pod["spec"]
        path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
        if meta.get("deletionTimestamp"):
            self.plane.request("DELETE", path, {"gracePeriodSeconds": 0})
        elif spec.get("nodeName"):
            ready = meta["labels"].get(VERSION_LABEL) not in self.broken and self._mounted(meta["namespace"], spec)
            if ready != _is_ready(pod):
                self.plane.request("PATCH", f"{path}/status", _status(pod, ready), _MERGE)

    def _mounted(self, namespace: str, spec: dict[str, Any]) -> bool:
        for volume in spec.get("volumes", []):
            claim = volume.get("persistentVolumeClaim")
            if claim:
                found = self.plane.get(f"/api/v1/namespaces/{namespace}/persistentvolumeclaims/{claim['claimName']}")
                if not found or found["status"].get("phase") != "Bound":
                    return False
        return True


def _is_ready(pod: dict[str, Any]) -> bool:
    return any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", []))


def _status(pod: dict[str, Any], ready: bool) -> dict[str, Any]:
    now, value = _now(), "True" if ready else "False"
    conditions = [
        {"type": "PodScheduled", "status": "True", "lastTransitionTime": now},
        {"type": "Initialized", "status": "True", "lastTransitionTime": now},
        {"type": "ContainersReady", "status": value, "lastTransitionTime": now},
        {"type": "Ready", "status": value, "lastTransitionTime": now},
    ]
    containers = [
        {
            "name": container["name"],
            "image": container["image"],
            "imageID": "none",
            "ready": ready,
            "started": ready,
            "restartCount": 0,
            "state": {"running": {"startedAt": now}},
        }
        for container in pod["spec"]["containers"]
    ]
    address = f"10.1.0.{sum(pod['metadata']['uid'].encode()) % 250 + 1}"
    status = {
        "phase": "Running",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": now,
        "conditions": conditions,
    }
    return {"status": {**status, "containerStatuses": containers}}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
