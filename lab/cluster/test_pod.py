"""Runs the processes of a scheduled pod on this machine: the check of its files, and a stand-in for its server.

The stand-in is a test tool with the same flags (lab/stand_ins/stand_in_server). TensorFlow Serving itself is not run.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from conftest import ROOT, eventually
from embedded_aws.eks.control_plane import ControlPlane
from embedded_aws.eks.pod_root import PodRoot
from stack import Stack

VERSION = "7"
DIGITS = ROOT / "examples" / "digits"
OPTIMIZER = [str(ROOT / room / "src") for room in ("optimizer", "runtime/shared")]
PROGRAMS = {"/usr/bin/tensorflow_model_server": [sys.executable, "-m", "stand_in_server"]}

# A fixture optimizes a model, which took 300 seconds on a machine that did much else.
pytestmark = [pytest.mark.usefixtures("nodes"), pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def pod(plane: ControlPlane, handler: Any, templates: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A pod that Kubernetes has made and scheduled, as the API server gives it out."""
    stack = Stack(handler)
    stack.deploy(templates["Fixed"], VERSION)
    yield plane.items("/api/v1/namespaces/fixed/pods")[0]
    stack.destroy()


@pytest.fixture(scope="module")
def optimized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The optimizer's output for TensorFlow Serving: the example's model and its golden requests."""
    work = tmp_path_factory.mktemp("optimizer")
    (work / "job.json").write_text(json.dumps(job()))
    subprocess.run(
        [
            *(sys.executable, "-m", "tensorflow_optimizer", "run", "--config", work / "job.json"),
            *("--source", DIGITS / "saved_model", "--evaluation", DIGITS / "evaluation.npz", "--output", work / "out"),
        ],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(OPTIMIZER), "TF_CPP_MIN_LOG_LEVEL": "2"},
        check=True,
        capture_output=True,
    )
    return work / "out"


def job() -> dict[str, Any]:
    """The job of a deployment with the default recipe, for the tools that are here."""
    with pytest.MonkeyPatch.context() as patch:
        for directory in OPTIMIZER:
            patch.syspath_prepend(directory)
        from tensorflow_optimizer.documents.job import BEHAVIOR_VERSION
        from tensorflow_optimizer.processes import environment

        versions = environment.versions()
    return {
        "model": "digits",
        "format": "saved_model",
        "recipe": {"kind": "forServing"},
        "source": {"packaging": "zip", "identity": {"digest": "0"}},
        "toolchain": {
            "behaviorVersion": BEHAVIOR_VERSION,
            **{name: versions[name] for name in ("tensorflow", "litert")},
        },
    }


@pytest.fixture
def root(pod: dict[str, Any], optimized: Path, tmp_path: Path) -> PodRoot:
    """The pod's file system, with the bucket mounted."""

    def publish(_claim: str, bucket: Path) -> None:
        version = bucket / VERSION
        shutil.copytree(optimized / "model", version)
        files = sorted(path for path in version.rglob("*") if path.is_file())
        digests = {path.relative_to(version): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
        lines = [f"{digest}  {path}\n" for path, digest in digests.items()]
        (version / "SHA256SUMS").write_text("".join(lines))

    made = PodRoot(pod, tmp_path)
    made.mount(publish)
    return made


@pytest.fixture
def version(root: PodRoot) -> Path:
    """The directory of the version, in the pod."""
    return root.path(f"/models/digits/{VERSION}")


def verify(pod: dict[str, Any], root: PodRoot, digest: str, features: str = "") -> subprocess.CompletedProcess[str]:
    """Run the check of the init container with the digest of a deployment."""
    container = next(one for one in pod["spec"]["initContainers"] if one["name"] == "verify-model")
    environment = {**root.environment(container), "PATH": os.environ["PATH"]}
    environment |= {"CHECKSUMS_SHA256": digest, "CPU_FEATURES": features}
    return subprocess.run(root.command(container, {}), env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def digest(version: Path) -> str:
    """The SHA-256 of SHA256SUMS, as the optimizer publishes it."""
    return hashlib.sha256((version / "SHA256SUMS").read_bytes()).hexdigest()


def test_check_lets_the_published_files_pass(pod: dict[str, Any], root: PodRoot, digest: str) -> None:
    assert verify(pod, root, digest).returncode == 0


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda version: _flip(version / "saved_model.pb"), id="one bit of a file"),
        pytest.param(lambda version: (version / "variables/variables.index").unlink(), id="a missing file"),
        pytest.param(lambda version: (version / "SHA256SUMS").write_text(""), id="another list"),
        pytest.param(shutil.rmtree, id="no version"),
    ],
)
def test_check_stops_a_pod_whose_files_differ_from_the_published_ones(
    pod: dict[str, Any], root: PodRoot, version: Path, digest: str, spoil: Callable[[Path], object]
) -> None:
    spoil(version)

    assert verify(pod, root, digest).returncode != 0


def test_check_stops_a_pod_on_a_processor_that_lacks_what_the_model_needs(
    pod: dict[str, Any], root: PodRoot, digest: str
) -> None:
    done = verify(pod, root, digest, features="fpu made_up_feature")

    assert done.returncode != 0
    assert "the model needs a processor with made_up_feature" in done.stderr


def test_check_accepts_either_name_of_a_feature_that_has_two(pod: dict[str, Any], root: PodRoot, digest: str) -> None:
    assert verify(pod, root, digest, features="made_up_feature|fpu").returncode == 0
    assert verify(pod, root, digest, features="made_up_feature|another").returncode != 0


def test_its_command_line_and_configuration_answer_the_golden_requests_on_the_stand_in_server(
    pod: dict[str, Any], root: PodRoot, optimized: Path, tmp_path: Path
) -> None:
    container = pod["spec"]["containers"][0]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "lab" / "stand_ins"), "TF_CPP_MIN_LOG_LEVEL": "2"}
    log = tmp_path / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(root.command(container, PROGRAMS), env=environment, stdout=output, stderr=output)
    address = f"http://127.0.0.1:{root.port(container, 'http')}"

    def get(path: str) -> int:
        try:
            with urllib.request.urlopen(f"{address}{path}", timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            # The ports stay closed until the model is there; a server that has ended never opens them.
            assert server.poll() is None, log.read_text()
            return 0

    try:
        ready = container["readinessProbe"]["httpGet"]["path"]
        eventually(lambda: get(ready) == 200, "the probe's path answers", 120)
        assert "unknown argument" not in log.read_text()
        assert get(pod["metadata"]["annotations"]["prometheus.io/path"]) == 200
        assert get(f"/v1/models/digits/versions/{VERSION}/metadata") == 200
        assert get("/v1/models/digits/versions/8/metadata") == 404

        golden = json.loads((optimized / "golden.json").read_text())
        assert golden["requests"]
        for one in golden["requests"]:
            body = json.dumps(one["request"]).encode()
            with urllib.request.urlopen(f"{address}/v1/models/digits:predict", body, timeout=60) as answer:
                (got,) = json.load(answer)["predictions"]
            (expected,) = one["response"]["predictions"]
            assert got == pytest.approx(expected, abs=golden["relativeTolerance"] * max(map(abs, expected)))

        # One processor must not make the server refuse any of many calls that come together.
        with grpc.insecure_channel(f"127.0.0.1:{root.port(container, 'grpc')}") as channel:
            check = channel.unary_unary("/grpc.health.v1.Health/Check")
            calls = [check.future(b"") for _ in range(60)]
            assert {call.code().name for call in calls} == {"OK"}
    finally:
        server.kill()
        server.wait()
