"""What a scheduled pod would run, run on this machine: the check of its files, and a stand-in for its server.

The stand-in is a test tool with the same flags (emulator/stand_in_server). TensorFlow Serving itself is not run.
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

import pytest
from conftest import eventually
from embedded_aws.eks.control_plane import ControlPlane, free_port
from stack import Stack

ROOT = Path(__file__).resolve().parents[2]
VERSION = "7"

pytestmark = pytest.mark.usefixtures("nodes")


@pytest.fixture(scope="module")
def pod(plane: ControlPlane, handler: Any, templates: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A pod that Kubernetes has made and scheduled, as the API server gives it out."""
    stack = Stack(handler)
    stack.deploy(templates["Copied"], VERSION)
    yield plane.items("/api/v1/namespaces/copied/pods")[0]
    stack.destroy()


@pytest.fixture
def root(pod: dict[str, Any], tmp_path: Path) -> Path:
    """The pod's file system: its model where the volume is mounted, its configuration where the API puts it."""
    spec, annotations = pod["spec"], pod["metadata"]["annotations"]
    mounts = {mount["name"]: mount["mountPath"].lstrip("/") for mount in spec["containers"][0]["volumeMounts"]}
    version = tmp_path / mounts["model"] / VERSION
    shutil.copytree(ROOT / "examples/digits/saved_model", version)
    files = sorted(path for path in version.rglob("*") if path.is_file())
    digests = {path.relative_to(version): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    lines = [f"{digest}  {path}\n" for path, digest in digests.items()]
    (version / "SHA256SUMS").write_text("".join(lines))
    config = next(volume for volume in spec["volumes"] if volume["name"] == "config")
    for item in config["downwardAPI"]["items"]:
        name = item["fieldRef"]["fieldPath"].removeprefix("metadata.annotations['").removesuffix("']")
        path = tmp_path / mounts["config"] / item["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        # The pod's root is a directory here.
        path.write_text(annotations[name].replace('"/models/', f'"{tmp_path}/models/'))
    return tmp_path


def verify(pod: dict[str, Any], root: Path, digest: str, features: str = "") -> subprocess.CompletedProcess[str]:
    """Run the check of the init container with the digest of a deployment."""
    container = next(one for one in pod["spec"]["initContainers"] if one["name"] == "verify-model")
    environment = {one["name"]: one.get("value", "") for one in container["env"]}
    environment |= {"CHECKSUMS_SHA256": digest, "CPU_FEATURES": features, "PATH": os.environ["PATH"]}
    environment["VERSION_DIRECTORY"] = f"{root}{environment['VERSION_DIRECTORY']}"
    return subprocess.run(container["command"], env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def digest(root: Path) -> str:
    """The SHA-256 of SHA256SUMS, as the optimizer publishes it."""
    (checksums,) = root.rglob("SHA256SUMS")
    return hashlib.sha256(checksums.read_bytes()).hexdigest()


def test_check_lets_the_published_files_pass(pod: dict[str, Any], root: Path, digest: str) -> None:
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
def test_check_stops_a_pod_whose_files_are_not_those_that_were_published(
    pod: dict[str, Any], root: Path, digest: str, spoil: Callable[[Path], object]
) -> None:
    (checksums,) = root.rglob("SHA256SUMS")
    spoil(checksums.parent)

    assert verify(pod, root, digest).returncode != 0


def test_check_stops_a_pod_on_a_processor_that_lacks_what_the_model_needs(
    pod: dict[str, Any], root: Path, digest: str
) -> None:
    done = verify(pod, root, digest, features="fpu made_up_feature")

    assert done.returncode != 0
    assert "the model needs a processor with made_up_feature" in done.stderr


def test_its_command_line_and_configuration_serve_the_version_on_the_stand_in_server(
    pod: dict[str, Any], root: Path
) -> None:
    container = pod["spec"]["containers"][0]
    assert container["command"] == ["/usr/bin/tensorflow_model_server"]
    ports = {port["name"]: (port["containerPort"], free_port()) for port in container["ports"]}
    arguments = [argument.replace("=/etc/", f"={root}/etc/") for argument in container["args"]]
    for declared, free in ports.values():
        arguments = [free_argument(argument, declared, free) for argument in arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "emulator"), "TF_CPP_MIN_LOG_LEVEL": "2"}
    log = root / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "stand_in_server", *arguments], env=environment, stdout=output, stderr=output
        )
    address = f"http://127.0.0.1:{ports['http'][1]}"

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

        held_out = json.loads((ROOT / "examples/digits/held_out.json").read_text())
        body = json.dumps({"instances": [one["image"] for one in held_out]}).encode()
        with urllib.request.urlopen(f"{address}/v1/models/digits:predict", body, timeout=60) as answer:
            predictions = json.load(answer)["predictions"]
        found = [max(range(len(row)), key=row.__getitem__) for row in predictions]
        right = sum(one == other["label"] for one, other in zip(found, held_out, strict=True))
        assert right >= len(held_out) * 0.9
    finally:
        server.kill()
        server.wait()


def free_argument(argument: str, declared: int, free: int) -> str:
    """Put a free port in the place of a container's own."""
    name, _, value = argument.partition("=")
    return f"{name}={free}" if name in {"--port", "--rest_api_port"} and value == str(declared) else argument
