"""Kubelet's warnings, as events of pods."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from embedded_aws.eks.pod_state import timestamp

if TYPE_CHECKING:
    from embedded_aws.eks.control_plane import ControlPlane
    from embedded_aws.eks.pod_state import PodState

_IMAGE = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName"})
_STARTING = frozenset({"ContainerCreating", "PodInitializing"})


def warnings_of(pod: dict[str, Any], state: PodState) -> list[tuple[str, str]]:
    """Return the reason and the message of what kubelet would warn of."""
    meta = pod["metadata"]
    if state.waiting == "CrashLoopBackOff":
        whose = f"{state.container} in pod {meta['name']}_{meta['namespace']}({meta['uid']})"
        return [("BackOff", f"Back-off restarting failed container {whose}")]
    if state.waiting in _IMAGE:
        reason = {"ImagePullBackOff": "BackOff", "InvalidImageName": "InspectFailed"}.get(state.waiting, "Failed")
        return [(reason, state.message), ("Failed", f"Error: {state.waiting}")]
    if state.waiting in _STARTING and state.message:
        return [("FailedMount", f"MountVolume.SetUp failed: {state.message}")]
    if state.waiting and state.waiting not in _STARTING:
        return [("Failed", f"Error: {state.message}")]
    return [("Unhealthy", f"Readiness probe failed: {state.unhealthy}")] if state.unhealthy else []


class Events:
    """The events of one cluster's pods. An event that comes again is counted, as kubelet does."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._known: dict[tuple[str, str, str], tuple[str, int]] = {}

    def tell(self, pod: dict[str, Any], state: PodState) -> None:
        """Report what kubelet would warn of."""
        for reason, message in warnings_of(pod, state):
            self._tell(pod, reason, message)

    def _tell(self, pod: dict[str, Any], reason: str, message: str) -> None:
        meta, now = pod["metadata"], timestamp()
        path = f"/api/v1/namespaces/{meta['namespace']}/events"
        key = (meta["uid"], reason, message)
        name, count = self._known.get(key, (f"{meta['name']}.{secrets.token_hex(8)}", 0))
        self._known[key] = (name, count + 1)
        if count:
            again = {"count": count + 1, "lastTimestamp": now}
            self._plane.request("PATCH", f"{path}/{name}", again, "application/merge-patch+json")
            return
        whose = {"kind": "Pod", "apiVersion": "v1", "namespace": meta["namespace"]}
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": meta["namespace"]},
            "involvedObject": {**whose, "name": meta["name"], "uid": meta["uid"]},
            "type": "Warning",
            "reason": reason,
            "message": message,
            "count": 1,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "source": {"component": "kubelet", "host": pod["spec"]["nodeName"]},
        }
        self._plane.request("POST", path, event)
