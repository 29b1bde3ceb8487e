"""Messages of a failed deployment, about pods that do not start on a real control plane."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from conftest import ROOT, eventually
from embedded_aws.eks.control_plane import ControlPlane
from embedded_aws.eks.pod_state import Ended, PodState
from simulation import Simulation
from stack import objects

sys.path.insert(0, str(ROOT / "runtime" / "rollout_waiter" / "src"))

from rollout_waiter.handler import watch_rollout
from rollout_waiter.rollout import Clock

VERSION, SERVER, ROLLOUT = "7", "tensorflow-serving", "cdk-tensorflow/rollout"

pytestmark = pytest.mark.usefixtures("nodes")


class Reader:
    """The waiting function's requests, as the cluster's administrator."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane

    def items(self, path: str, **query: str) -> list[dict[str, Any]]:
        return self._plane.items(f"{path}?{urlencode(query)}")

    def find(self, path: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self._plane.get(path)
        return found

    def log(self, namespace: str, pod: str, container: str, *, previous: bool) -> str:
        query = urlencode({"container": container, "tailLines": "40", "previous": str(previous).lower()})
        status, body = self._plane.request("GET", f"/api/v1/namespaces/{namespace}/pods/{pod}/log?{query}")
        return body.decode() if status == 200 else ""


def failure(
    plane: ControlPlane,
    template: dict[str, Any],
    namespace: str,
    change: Callable[[dict[str, Any]], None] = lambda _: None,
    *before: dict[str, Any],
) -> str:
    """Apply a service's pods to a namespace of their own, and return what the waiting function says."""
    found = {item["kind"]: item for item in objects(template, VERSION)}
    deployment = found["Deployment"]
    change(deployment["spec"]["template"]["spec"])
    found["Namespace"]["metadata"]["name"] = namespace
    for item in (found["Namespace"], *before, found["ServiceAccount"], deployment):
        if item["kind"] != "Namespace":
            item["metadata"]["namespace"] = namespace
        done = plane.kubectl("apply", "-f", "-", document=json.dumps(item))
        assert done.returncode == 0, done.stderr
    properties = {
        "Namespace": namespace,
        "Name": deployment["metadata"]["name"],
        "Selector": f"{ROLLOUT}={deployment['spec']['template']['metadata']['labels'][ROLLOUT]}",
        "Replicas": "1",
        "TimeoutSeconds": "11",
    }
    try:
        # Wait for the events first: the watch waits as briefly as it can, and reports only what is there.
        events = f"/api/v1/namespaces/{namespace}/events"
        eventually(lambda: [event for event in plane.items(events) if event["type"] == "Warning"], "a warning")
        return watch_rollout(Reader(plane), {"RequestType": "Create", "ResourceProperties": properties}, Clock(), 870)
    finally:
        plane.kubectl("delete", "namespace", namespace, "--wait=false")


def test_server_that_crashes_is_reported_with_its_last_lines(
    plane: ControlPlane, simulation: Simulation, templates: dict[str, Any]
) -> None:
    words = "F tensorflow_serving/core] Check failed: model"
    simulation.states = {
        VERSION: PodState(
            False, "CrashLoopBackOff", "back-off", restarts=2, container=SERVER, ended=Ended(134, f"I starts\n{words}")
        )
    }

    told = failure(plane, templates["Copied"], "crashing")

    assert told.startswith(f"{SERVER} ends with exit code 134, CrashLoopBackOff. Its log ends:\nI starts\n{words}\n")


def test_server_that_never_becomes_ready_is_reported_with_its_probe_and_its_log_from_kubelet(
    plane: ControlPlane, simulation: Simulation, templates: dict[str, Any]
) -> None:
    simulation.states = {VERSION: PodState(False, unhealthy="HTTP probe failed with statuscode: 503")}
    simulation.logs = {SERVER: "W tensorflow_serving/core] digits could not be loaded"}

    told = failure(plane, templates["Copied"], "unready")

    assert told.startswith(
        f"{SERVER} runs and is not ready: Readiness probe failed: HTTP probe failed with statuscode: 503"
    )
    assert "digits could not be loaded" in told


def test_image_that_cannot_be_pulled_is_named(plane: ControlPlane, templates: dict[str, Any]) -> None:
    def change(spec: dict[str, Any]) -> None:
        spec["initContainers"][-1]["image"] = "registry.invalid/serving:1"

    told = failure(plane, templates["Copied"], "unpullable", change)

    assert told.startswith("the image registry.invalid/serving:1 of verify-model cannot be pulled (")
    assert "lookup registry.invalid: no such host" in told


def test_pod_without_a_node_is_reported_with_the_schedulers_own_message(
    plane: ControlPlane, templates: dict[str, Any]
) -> None:
    def change(spec: dict[str, Any]) -> None:
        spec["containers"][0]["resources"]["requests"]["cpu"] = "64"

    told = failure(plane, templates["Copied"], "unschedulable", change)

    assert told.startswith("no node takes the pod (Unschedulable): 0/3 nodes are available: 3 Insufficient cpu")


def test_pod_that_a_quota_forbids_is_reported_with_the_controllers_own_message(
    plane: ControlPlane, templates: dict[str, Any]
) -> None:
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "none"},
        "spec": {"hard": {"pods": "0"}},
    }

    told = failure(plane, templates["Copied"], "forbidden", lambda _: None, quota)

    assert told.startswith("Kubernetes makes no pod (FailedCreate): pods ")
    assert "exceeded quota: none" in told
