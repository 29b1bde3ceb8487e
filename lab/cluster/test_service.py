"""A ModelService on a real control plane: applied by the CDK's handler, judged by Kubernetes' own controllers."""

from __future__ import annotations

import contextlib
import json
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import eventually
from embedded_aws.eks.control_plane import ControlPlane
from metrics import Metrics
from simulation import VERSION_LABEL, ZONES, Simulation
from stack import DeploymentFailedError, Stack, objects

pytestmark = pytest.mark.usefixtures("nodes")


class Service:
    """A deployed service, as the cluster sees it."""

    def __init__(self, plane: ControlPlane, namespace: str, stack: Stack) -> None:
        self.plane, self.namespace, self.stack = plane, namespace, stack

    def pods(self, *, ready: bool = True) -> list[dict[str, Any]]:
        pods = [
            pod
            for pod in self.plane.items(f"/api/v1/namespaces/{self.namespace}/pods")
            if not pod["metadata"].get("deletionTimestamp")
        ]
        return [pod for pod in pods if not ready or condition(pod, "Ready")]

    def versions(self) -> Counter[str]:
        return Counter(pod["metadata"]["labels"][VERSION_LABEL] for pod in self.pods())

    def get(self, kind: str, name: str = "digits") -> Any:
        group = {
            "deployments": "apps/v1",
            "horizontalpodautoscalers": "autoscaling/v2",
            "poddisruptionbudgets": "policy/v1",
        }.get(kind)
        return self.plane.get(f"/{'apis/' + group if group else 'api/v1'}/namespaces/{self.namespace}/{kind}/{name}")

    def available(self) -> int:
        return int(self.get("deployments")["status"].get("availableReplicas", 0))

    def settle(self, versions: dict[str, int]) -> None:
        eventually(
            lambda: self.versions() == versions and len(self.pods(ready=False)) == sum(versions.values()),
            f"pods are {versions}",
        )


@contextlib.contextmanager
def watched(service: Service) -> Iterator[list[int]]:
    """Record the number of available pods, again and again."""
    available = [service.available()]
    stopped = threading.Event()

    def watch() -> None:
        while not stopped.wait(0.1):
            available.append(service.available())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield available
    finally:
        stopped.set()
        watcher.join()


def condition(pod: dict[str, Any], kind: str) -> bool:
    return any(one["type"] == kind and one["status"] == "True" for one in pod["status"].get("conditions", []))


def served_version(pod: dict[str, Any]) -> str:
    return str(pod["metadata"]["annotations"]["cdk-tensorflow/models.config"])


@pytest.fixture
def fixed(plane: ControlPlane, handler: Any, templates: dict[str, Any]) -> Iterator[Service]:
    """A service with three pods of version 7."""
    yield from _deployed(plane, handler, templates["Fixed"], "fixed", 3)


@pytest.fixture
def scaled(plane: ControlPlane, handler: Any, templates: dict[str, Any], metrics: Metrics) -> Iterator[Service]:
    """A service with three to five pods of version 7."""
    metrics.cpu = "600m"
    yield from _deployed(plane, handler, templates["Scaled"], "scaled", 3)


def _deployed(
    plane: ControlPlane, handler: Any, template: dict[str, Any], namespace: str, pods: int
) -> Iterator[Service]:
    service = Service(plane, namespace, Stack(handler))
    service.stack.deploy(template, "7")
    service.settle({"7": pods})
    yield service
    service.stack.destroy()
    eventually(lambda: plane.get(f"/api/v1/namespaces/{namespace}") is None, "the namespace is gone")


@pytest.mark.parametrize("name", ["Fixed", "Copied", "Scaled", "Bfloat16", "LiteRt"])
def test_api_server_accepts_every_object_strictly_and_without_a_warning_in_a_restricted_namespace(
    plane: ControlPlane, templates: dict[str, Any], name: str
) -> None:
    namespace, *others = objects(templates[name], "7")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    plane.kubectl("apply", "-f", "-", document=json.dumps(namespace))

    for item in others:
        done = plane.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", document=json.dumps(item))

        assert (done.returncode, done.stderr) == (0, ""), item
    # Left as it was found: the stack makes it itself.
    plane.kubectl("delete", "-f", "-", document=json.dumps(namespace))


def test_api_server_refuses_what_the_restricted_standard_forbids(
    plane: ControlPlane, fixed: Service, templates: dict[str, Any]
) -> None:
    deployment = next(item for item in objects(templates["Fixed"], "7") if item["kind"] == "Deployment")
    deployment["spec"]["template"]["spec"]["containers"][0]["securityContext"] = {}

    done = plane.kubectl("apply", "--dry-run=server", "-f", "-", document=json.dumps(deployment))

    assert "would violate PodSecurity" in done.stderr


def test_first_deployment_serves_with_the_volume_bound_and_one_pod_in_each_zone(
    plane: ControlPlane, fixed: Service
) -> None:
    (claim,) = plane.items("/api/v1/namespaces/fixed/persistentvolumeclaims")
    assert (claim["status"]["phase"], claim["status"]["accessModes"]) == ("Bound", ["ReadOnlyMany"])
    assert sorted(ZONES[pod["spec"]["nodeName"]] for pod in fixed.pods()) == sorted(ZONES.values())
    assert all("versions: 7" in served_version(pod) for pod in fixed.pods())


def test_second_eviction_is_refused(plane: ControlPlane, simulation: Simulation, fixed: Service) -> None:
    eventually(
        lambda: fixed.get("poddisruptionbudgets")["status"].get("disruptionsAllowed") == 1,
        "the budget allows one disruption",
    )

    def evict(pod: dict[str, Any]) -> tuple[int, bytes]:
        meta = {"name": pod["metadata"]["name"], "namespace": "fixed"}
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": meta}
        return plane.request("POST", f"/api/v1/namespaces/fixed/pods/{meta['name']}/eviction", body)

    # Hold new pods until both evictions are requested, so that none replaces the first one.
    simulation.held = True
    try:
        (first, _), (second, answer) = [evict(pod) for pod in fixed.pods()[:2]]
    finally:
        simulation.held = False

    assert (first, second) == (201, 429)
    assert b"disruption budget" in answer


def test_new_version_takes_over_with_at_least_three_pods_available_throughout(
    fixed: Service, templates: dict[str, Any]
) -> None:
    with watched(fixed) as available:
        fixed.stack.deploy(templates["Fixed"], "8")
        fixed.settle({"8": 3})

    assert min(available) >= 3
    assert all("versions: 8" in served_version(pod) for pod in fixed.pods())


def test_broken_third_version_fails_the_deployment_and_the_second_keeps_serving(
    simulation: Simulation, fixed: Service, templates: dict[str, Any]
) -> None:
    fixed.stack.deploy(templates["Fixed"], "8")
    fixed.settle({"8": 3})
    serving = {pod["metadata"]["name"] for pod in fixed.pods()}
    simulation.broken = {"9"}

    with pytest.raises(DeploymentFailedError, match="Timeout waiting for output"):
        fixed.stack.deploy(templates["Fixed"], "9", rollout_seconds=8)

    fixed.settle({"8": 3})
    assert {pod["metadata"]["name"] for pod in fixed.pods()} == serving


def test_failure_of_another_resource_restores_the_old_version_even_for_pods_that_start_later(
    plane: ControlPlane, fixed: Service, templates: dict[str, Any]
) -> None:
    with pytest.raises(DeploymentFailedError, match="another resource"):
        fixed.stack.deploy(templates["Fixed"], "8", fail_after=True)
    fixed.settle({"7": 3})

    victim = fixed.pods()[0]["metadata"]["name"]
    plane.request("DELETE", f"/api/v1/namespaces/fixed/pods/{victim}")

    eventually(lambda: victim not in {pod["metadata"]["name"] for pod in fixed.pods(ready=False)}, "the pod is gone")
    fixed.settle({"7": 3})
    assert all("versions: 7" in served_version(pod) for pod in fixed.pods())


def test_replica_set_of_the_previous_version_keeps_that_version(
    plane: ControlPlane, fixed: Service, templates: dict[str, Any]
) -> None:
    fixed.stack.deploy(templates["Fixed"], "8")
    fixed.settle({"8": 3})

    sets = plane.items("/apis/apps/v1/namespaces/fixed/replicasets")
    served = {
        one["metadata"]["labels"][VERSION_LABEL]: one["spec"]["template"]["metadata"]["annotations"] for one in sets
    }
    assert sorted(served) == ["7", "8"]
    assert all(
        f"versions: {version}" in annotations["cdk-tensorflow/models.config"] for version, annotations in served.items()
    )


def test_pods_that_copy_their_model_are_accepted_too(
    plane: ControlPlane, handler: Any, templates: dict[str, Any]
) -> None:
    for service in _deployed(plane, handler, templates["Copied"], "copied", 1):
        (pod,) = service.pods()
        assert [container["name"] for container in pod["spec"]["initContainers"]] == ["copy-model", "verify-model"]


def test_bfloat16_waits_for_a_node_that_has_it(plane: ControlPlane, templates: dict[str, Any]) -> None:
    namespace, *others = objects(templates["Bfloat16"], "7")
    for item in (namespace, *others):
        plane.kubectl("apply", "-f", "-", document=json.dumps(item))
    pods = "/api/v1/namespaces/bfloat16/pods"
    waiting = eventually(
        lambda: next((pod for pod in plane.items(pods) if pod["status"].get("conditions")), None), "the pod waits"
    )
    assert (waiting["status"]["conditions"][0]["reason"], waiting["spec"].get("nodeName")) == ("Unschedulable", None)

    labels = {"instance-category": "m", "instance-cpu-manufacturer": "intel", "instance-generation": "7"}
    label(plane, "node-b", {f"eks.amazonaws.com/{name}": value for name, value in labels.items()})

    eventually(lambda: plane.items(pods)[0]["spec"].get("nodeName") == "node-b", "the pod is on the node that has it")
    label(plane, "node-b", {f"eks.amazonaws.com/{name}": None for name in labels})
    plane.kubectl("delete", "-f", "-", document=json.dumps(namespace))


def label(plane: ControlPlane, node: str, labels: dict[str, str | None]) -> None:
    plane.request(
        "PATCH", f"/api/v1/nodes/{node}", {"metadata": {"labels": labels}}, "application/strategic-merge-patch+json"
    )


def test_autoscaler_scales_up_and_down_and_no_deployment_undoes_it(
    plane: ControlPlane, scaled: Service, metrics: Metrics, templates: dict[str, Any]
) -> None:
    metrics.cpu = "950m"
    scaled.settle({"7": 5})

    scaled.stack.deploy(templates["Scaled"], "8")
    eventually(lambda: scaled.versions() == {"8": 5}, "five pods serve the new version")

    # Five quiet minutes are its own caution; they are taken out, the direction is what is proved.
    quick = {
        "spec": {
            "behavior": {
                "scaleDown": {
                    "stabilizationWindowSeconds": 0,
                    "policies": [{"type": "Pods", "value": 2, "periodSeconds": 1}],
                }
            }
        }
    }
    plane.request(
        "PATCH",
        "/apis/autoscaling/v2/namespaces/scaled/horizontalpodautoscalers/digits",
        quick,
        "application/merge-patch+json",
    )
    metrics.cpu = "50m"
    scaled.settle({"8": 3})


def test_an_autoscaled_number_becomes_a_fixed_one(scaled: Service, metrics: Metrics, templates: dict[str, Any]) -> None:
    metrics.cpu = "950m"
    scaled.settle({"7": 5})

    scaled.stack.deploy(templates["Scaled without"], "7")

    scaled.settle({"7": 3})


def test_a_fixed_number_becomes_an_autoscaled_one_without_losing_pods(
    plane: ControlPlane, handler: Any, metrics: Metrics, templates: dict[str, Any]
) -> None:
    metrics.cpu = "950m"
    for service in _deployed(plane, handler, templates["Scaled without"], "scaled", 3):
        with watched(service) as available:
            service.stack.deploy(templates["Scaled"], "7")
            service.settle({"7": 5})

        assert min(available) >= 3


def test_objects_removed_from_the_app_are_removed_from_the_cluster(fixed: Service, templates: dict[str, Any]) -> None:
    assert fixed.get("services", "digits-nlb") is not None

    fixed.stack.deploy(templates["Fixed without"], "7")

    assert fixed.get("services", "digits-nlb") is None
    fixed.settle({"7": 3})


def test_removal_leaves_nothing_behind(plane: ControlPlane, handler: Any, templates: dict[str, Any]) -> None:
    for service in _deployed(plane, handler, templates["Fixed"], "fixed", 3):
        assert len(service.pods()) == 3

    assert plane.get("/api/v1/namespaces/fixed") is None
    assert plane.items("/api/v1/persistentvolumes") == []
