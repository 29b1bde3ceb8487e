"""Clients of Triton, KServe and OpenVINO Model Server, unmodified, predict by the protocols that they know."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from client_environment import clients_python

if TYPE_CHECKING:
    from collections.abc import Iterator

    from program import Server

ROOT = Path(__file__).parents[3]
CLIENTS = ROOT / "server" / "tests" / "clients"

# The environment has half a gigabyte.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ROWS = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.5]]
EXPECTED = (np.array(ROWS) * 3).tolist()
INPUTS = [{"name": "x", "datatype": "FP32", "shape": [-1, 3]}]


@pytest.fixture(scope="module")
def python() -> Path:
    return clients_python()


def ask(python: Path, client: str, port: int | str) -> dict[str, Any]:
    """Ask by a client of the Open Inference Protocol."""
    found = answers(python, client, port)
    assert found["health"] == [True, True, True]
    assert found["id"] == "a1"
    return found


def answers(python: Path, client: str, port: int | str) -> dict[str, Any]:
    address = port if isinstance(port, str) else f"localhost:{port}"
    command = [str(python), str(CLIENTS / "ask.py"), client, address, "times", "x", json.dumps(ROWS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_tritonclient_over_http_with_tensors_in_binary_form_and_zipped(python: Path, all_models: Server) -> None:
    found = ask(python, "triton-http", all_models.rest_port)
    assert found["scores"] == [EXPECTED] * 5
    assert (found["inputs"], found["extensions"]) == (INPUTS, ["binary_tensor_data"])
    check_refusals(found["refused"])


def test_tritonclient_over_grpc(python: Path, all_models: Server) -> None:
    found = ask(python, "triton-grpc", all_models.grpc_port)
    assert found["scores"] == [EXPECTED] * 3
    assert found["inputs"] == INPUTS
    check_refusals(found["refused"])


def check_refusals(sentences: list[str]) -> None:
    model, statistics, repository = sentences
    assert model.startswith("unknown model 'nope'")
    assert statistics.startswith("statistics: ")
    assert repository.startswith("the model repository: ")


@pytest.mark.parametrize(("client", "port"), [("kserve-rest", "rest_port"), ("kserve-grpc", "grpc_port")])
def test_kserve_with_lists_and_with_bytes(python: Path, all_models: Server, client: str, port: str) -> None:
    assert ask(python, client, getattr(all_models, port))["scores"] == [EXPECTED] * 2


@pytest.fixture(scope="module")
def opened(all_models: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of `cdk-tensorflow open` before the server, as a client takes it."""
    directory = tmp_path_factory.mktemp("command")
    subprocess.run(["node", str(ROOT / "scripts" / "package" / "command.mjs"), str(directory)], check=True)
    command = ["node", str(directory / "cdk-tensorflow.js"), "open", all_models.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        address = next(found[1] for line in lines if (found := re.search(r"Base address +http://(\S+)", line)))
        yield address
        process.send_signal(signal.SIGINT)
        process.stdout.read()
    assert process.returncode == 0


@pytest.mark.parametrize(("client", "answers"), [("triton-http", 5), ("kserve-rest", 2)])
def test_through_the_address_of_open(python: Path, opened: str, client: str, answers: int) -> None:
    assert ask(python, client, opened)["scores"] == [EXPECTED] * answers


@pytest.mark.parametrize("front", ["http", "grpc"])
def test_ovmsclient_by_the_api_of_tensorflow_serving(python: Path, all_models: Server, front: str) -> None:
    port = all_models.rest_port if front == "http" else all_models.grpc_port
    found = answers(python, f"openvino-{front}", port)
    assert (found["state"], found["scores"]) == ({"2": "AVAILABLE"}, EXPECTED)
    assert '"x"' in json.dumps(found["metadata"])
    # The client asks for version 0 where none is named, which its own server takes for the newest.
    assert "unknown version 0; of model 'times' this server serves '1', '2'" in found["default"]
