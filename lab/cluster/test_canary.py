"""A ModelService with a canary on a real control plane, which proxies requests to the canary's metrics."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, eventually
from embedded_aws.eks.control_plane import ControlPlane
from metrics import Metrics
from simulation import VERSION_LABEL, Simulation
from stack import CANARY, ROLLOUT, DeploymentFailedError, Stack
from test_rollout_messages import Reader

sys.path.insert(0, str(ROOT / "runtime" / "rollout_waiter" / "src"))
sys.path.insert(0, str(ROOT / "server" / "tests" / "server"))

from certificates import issue
from rollout_waiter.cluster import ClusterError
from rollout_waiter.handler import watch_pod_canary, watch_rollout
from rollout_waiter.rollout import Clock

NAMESPACE = "/namespaces/canary"
BAKE_SECONDS = 3

pytestmark = pytest.mark.usefixtures("nodes")


class Pages:
    """The metrics of all pods, at an address of this machine that the API server proxies to."""

    def __init__(self, certificate: tuple[Path, Path] | None = None) -> None:
        self.scheme = "https" if certificate else "http"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            # Sends nothing: it only asks for the address of the interface.
            probe.connect(("192.0.2.1", 9))
            self.address = probe.getsockname()[0]
        self.failed = 0
        self.asked: list[str] = []
        self.when_asked: Callable[[], None] = lambda: None
        pages = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                pages.asked.append(self.path)
                pages.when_asked()
                count = ':tensorflow:serving:request_count{model_name="digits",status="%s"} %d\n'
                body = (count % ("OK", 1000) + count % ("INTERNAL", pages.failed)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer((self.address, 0), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class CanaryReader(Reader):
    """The waiting function's requests, also to pods."""

    def page(self, path: str) -> str:
        status, body = self._plane.request("GET", path)
        if status != 200:
            raise ClusterError(f"{status} for {path}: {body.decode()}")
        return body.decode()


class Service:
    """A deployed service, as the cluster sees it."""

    def __init__(self, plane: ControlPlane, handler: Any, pages: Pages) -> None:
        self.plane, self.pages = plane, pages
        reader = CanaryReader(plane)

        def bake(event: dict[str, Any]) -> str:
            port = {"Scheme": pages.scheme, "Port": str(pages.port), "BakeSeconds": str(BAKE_SECONDS)}
            changed = {**event, "ResourceProperties": {**event["ResourceProperties"], **port}}
            return watch_pod_canary(reader, changed, Clock(), 870, lambda _: "")

        self.stack = Stack(handler, {ROLLOUT: lambda event: watch_rollout(reader, event, Clock(), 870), CANARY: bake})

    def pods(self) -> list[dict[str, Any]]:
        pods = self.plane.items(f"/api/v1{NAMESPACE}/pods")
        return [pod for pod in pods if not pod["metadata"].get("deletionTimestamp")]

    def versions(self, *, canary: bool) -> Counter[str]:
        labels = [pod["metadata"]["labels"] for pod in self.pods()]
        return Counter(one[VERSION_LABEL] for one in labels if ("cdk-tensorflow/track" in one) == canary)

    def stable(self) -> tuple[int, list[str]]:
        """The generation of the stable Deployment, and the names of its pods."""
        found = self.plane.get(f"/apis/apps/v1{NAMESPACE}/deployments/digits")
        names = [
            pod["metadata"]["name"] for pod in self.pods() if "cdk-tensorflow/track" not in pod["metadata"]["labels"]
        ]
        return found["metadata"]["generation"], sorted(names)

    def settle(self, version: str, count: int = 3) -> None:
        eventually(
            lambda: (
                self.versions(canary=False) == {version: count}
                and self.versions(canary=True) == {version: 1}
                and all(one["status"]["conditions"][-1]["status"] == "True" for one in self.pods())
            ),
            f"{count} pods and the canary have version {version}",
        )


@pytest.fixture(scope="module")
def canary_templates(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The template with a canary, and without."""
    out = tmp_path_factory.mktemp("cdk")
    command = ["npx", "tsx", "lab/cluster/canary-app.ts", str(out / "with"), str(out / "without")]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "CDK_VALIDATION": "false"}, check=True)
    return [json.loads((out / name / "Canary.template.json").read_text()) for name in ("with", "without")]


@pytest.fixture
def pages(request: pytest.FixtureRequest, simulation: Simulation, tmp_path: Path) -> Iterator[Pages]:
    """The metrics of pods, which encrypt with the parameter "https"."""
    made = Pages(issue(tmp_path, "pod") if getattr(request, "param", "http") == "https" else None)
    simulation.address = made.address
    yield made
    simulation.address = ""
    made.close()


@pytest.fixture
def service(
    plane: ControlPlane,
    handler: Any,
    metrics: Metrics,
    pages: Pages,
    canary_templates: list[dict[str, Any]],
) -> Iterator[Service]:
    """A service of version 7 with three pods and a canary."""
    metrics.cpu = "600m"
    deployed = Service(plane, handler, pages)
    deployed.stack.deploy(canary_templates[0], "7")
    deployed.settle("7")
    yield deployed
    pages.when_asked = lambda: None
    deployed.stack.destroy()
    eventually(lambda: plane.get(f"/api/v1{NAMESPACE}") is None, "the namespace is gone")


def test_first_deployment_does_not_bake(service: Service) -> None:
    assert service.pages.asked == []


@pytest.mark.parametrize("pages", ["http", "https"], indirect=True)
def test_canary_that_works_is_followed_by_the_other_pods(
    service: Service, canary_templates: list[dict[str, Any]]
) -> None:
    seen: list[tuple[Counter[str], Counter[str]]] = []
    service.pages.when_asked = lambda: seen.append((service.versions(canary=True), service.versions(canary=False)))

    service.stack.deploy(canary_templates[0], "8")

    service.settle("8")
    assert set(service.pages.asked) == {"/monitoring/prometheus/metrics"}
    # The previous canary may still be on its way out at first.
    assert seen[-1] == ({"8": 1}, {"7": 3})
    assert {stable["8"] for _, stable in seen} == {0}


def test_canary_whose_requests_fail_ends_the_deployment_and_the_other_pods_stay(
    service: Service, canary_templates: list[dict[str, Any]]
) -> None:
    before = service.stable()
    service.pages.failed = 100

    with pytest.raises(DeploymentFailedError, match=r"100 of 1100 requests to the new version failed \(INTERNAL 100\)"):
        service.stack.deploy(canary_templates[0], "8")

    service.settle("7")
    assert service.stable() == before


def test_canary_whose_metrics_the_api_server_does_not_reach_ends_the_deployment_and_names_the_port(
    service: Service, canary_templates: list[dict[str, Any]]
) -> None:
    before = service.stable()
    service.pages.close()

    with pytest.raises(DeploymentFailedError, match=rf"does not reach port {service.pages.port} of the canary's pods"):
        service.stack.deploy(canary_templates[0], "8")

    service.settle("7")
    assert service.stable() == before


def test_canary_that_does_not_start_ends_the_deployment_and_the_other_pods_stay(
    service: Service, simulation: Simulation, canary_templates: list[dict[str, Any]]
) -> None:
    before = service.stable()
    simulation.broken = {"8"}

    with pytest.raises(DeploymentFailedError, match="canary/digits-canary: 0 of 1 new pods were available after 10 s"):
        service.stack.deploy(canary_templates[0], "8", rollout_seconds=10)

    service.settle("7")
    assert service.stable() == before
    assert service.pages.asked == []


def test_rollback_after_the_canary_changes_all_pods_without_another_bake(
    service: Service, canary_templates: list[dict[str, Any]]
) -> None:
    versions: list[str] = []
    service.pages.when_asked = lambda: versions.extend(service.versions(canary=True))

    with pytest.raises(DeploymentFailedError, match="another resource"):
        service.stack.deploy(canary_templates[0], "8", fail_after=True)

    service.settle("7")
    assert versions[-1] == "8"
    assert len(service.pages.asked) <= BAKE_SECONDS


def test_autoscaler_scales_the_other_pods_and_never_the_canary(service: Service, metrics: Metrics) -> None:
    metrics.cpu = "2000m"

    service.settle("7", 5)


def test_service_without_its_canary_keeps_its_pods(service: Service, canary_templates: list[dict[str, Any]]) -> None:
    before = service.stable()

    service.stack.deploy(canary_templates[1], "7")

    eventually(lambda: service.versions(canary=True) == {}, "the canary is gone")
    assert service.stable() == before
