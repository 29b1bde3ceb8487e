"""Clients of Triton and KServe, unmodified and with their defaults, predict by the Open Inference Protocol."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from client_environment import clients_python

if TYPE_CHECKING:
    from program import Server

CLIENTS = Path(__file__).parents[1] / "clients"

# The environment has half a gigabyte.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ROWS = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.5]]
EXPECTED = (np.array(ROWS) * 3).tolist()
INPUTS = [{"name": "x", "datatype": "FP32", "shape": [-1, 3]}]


@pytest.fixture(scope="module")
def python() -> Path:
    return clients_python()


def ask(python: Path, client: str, port: int) -> dict[str, Any]:
    command = [str(python), str(CLIENTS / "ask.py"), client, f"localhost:{port}", "times", "x", json.dumps(ROWS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert found["health"] == [True, True, True]
    assert found["id"] == "a1"
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
