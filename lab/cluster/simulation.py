"""A runtime that runs nothing: it says of pods what a real one would say."""

from __future__ import annotations

from typing import Any

from embedded_aws.eks.control_plane import ControlPlane
from embedded_aws.eks.image_pull import pull_problem
from embedded_aws.eks.pod_state import PodState

ZONES = {"node-a": "eu-central-1a", "node-b": "eu-central-1b", "node-c": "eu-central-1c"}
VERSION_LABEL = "cdk-tensorflow/version"


class Simulation:
    """A pod becomes ready when its claim is bound, its version is none that is broken, and new pods are not held."""

    def __init__(self, plane: ControlPlane) -> None:
        self.plane = plane
        #: Versions whose pods never load their model.
        self.broken: set[str] = set()
        #: States of the pods of some versions, which replace the simulated ones.
        self.states: dict[str, PodState] = {}
        #: Output of containers, by their name.
        self.logs: dict[str, str] = {}
        #: Address of all pods; the API server lets nobody reach a pod at a loopback address.
        self.address = ""
        #: Pods that are not ready yet stay so.
        self.held = False
        self._ready: set[str] = set()

    def state(self, pod: dict[str, Any]) -> PodState:
        meta = pod["metadata"]
        for container in [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]:
            if problem := pull_problem(container["image"]):
                return PodState(False, *problem, initialized=False, container=container["name"])
        told = self.states.get(meta["labels"].get(VERSION_LABEL, ""))
        if told:
            return told
        works = meta["labels"].get(VERSION_LABEL) not in self.broken and self._mounted(meta["namespace"], pod)
        ready = works and (not self.held or meta["uid"] in self._ready)
        if ready:
            self._ready.add(meta["uid"])
        return PodState(ready, address=self.address)

    def keep(self, uids: set[str]) -> None:
        """Nothing runs. Load balancers get names, as their controller would give them."""
        for service in self.plane.items("/api/v1/services"):
            if service["spec"]["type"] == "LoadBalancer" and not service["status"]["loadBalancer"].get("ingress"):
                meta = service["metadata"]
                path = f"/api/v1/namespaces/{meta['namespace']}/services/{meta['name']}/status"
                name = f"{meta['name']}.elb.example.com"
                status = {"status": {"loadBalancer": {"ingress": [{"hostname": name}]}}}
                self.plane.request("PATCH", path, status, "application/merge-patch+json")

    def log(self, _namespace: str, _pod: str, container: str, _previous: bool) -> str | None:
        """Return what a container has printed."""
        return self.logs.get(container)

    def close(self) -> None:
        """Nothing runs."""

    def _mounted(self, namespace: str, pod: dict[str, Any]) -> bool:
        for volume in pod["spec"].get("volumes", []):
            claim = volume.get("persistentVolumeClaim")
            if claim:
                found = self.plane.get(f"/api/v1/namespaces/{namespace}/persistentvolumeclaims/{claim['claimName']}")
                if not found or found["status"].get("phase") != "Bound":
                    return False
        return True
