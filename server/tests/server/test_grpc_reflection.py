"""gRPC server reflection, asked by grpcurl without any .proto file."""

from __future__ import annotations

import json
import queue
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from program import Server

# Where the set-up has not compiled grpcurl, the tests do.
pytestmark = pytest.mark.timeout(900)

GUIDE = Path(__file__).parents[3] / "docs" / "inference-protocol.md"
LIST_SERVICES = b"\x3a\x00"
"""A ServerReflectionRequest whose field 7, `list_services`, is empty."""
SERVICES = {
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "inference.GRPCInferenceService",
    "tensorflow.serving.ModelService",
    "tensorflow.serving.PredictionService",
}


def stream(channel: grpc.Channel, version: str) -> grpc.StreamStreamMultiCallable:
    """Return the method of a version of the service, with messages as bytes."""
    return channel.stream_stream(f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo")


@pytest.fixture(scope="module")
def grpcurl(all_models: Server) -> Callable[..., str]:
    """Give `grpcurl(*words, **message)`, which returns what it prints."""
    if shutil.which("go") is None:
        pytest.skip("no Go on the PATH to compile grpcurl and ghz")
    from benchmark.go_programs import GRPCURL, go_program

    def run(*words: str, **message: object) -> str:
        data = ["-d", json.dumps(message)] if message else []
        command = [str(go_program(GRPCURL)), "-plaintext", *data, f"localhost:{all_models.grpc_port}", *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_the_guides_commands_list_every_service_describe_a_model_and_say_what_is_healthy(
    grpcurl: Callable[..., str],
) -> None:
    text = GUIDE.read_text(encoding="utf-8").replace("digits", "times")
    commands = re.findall(r"^grpcurl -plaintext (?:-d '(.+)' )?HOST:8500 (\S+)$", text, re.MULTILINE)
    services, metadata, health = (grpcurl(method, **json.loads(message or "{}")) for message, method in commands)
    assert set(services.split()) == SERVICES
    assert json.loads(metadata)["name"] == "times"
    statuses = json.loads(health)["statuses"]
    assert {name: each["status"] for name, each in statuses.items() if name in SERVICES} == {
        name: "SERVING" for name in SERVICES if not name.startswith("grpc.")
    }


def test_describes_only_methods_that_are_offered(grpcurl: Callable[..., str]) -> None:
    assert grpcurl("list", "tensorflow.serving.PredictionService").split() == [
        "tensorflow.serving.PredictionService.GetModelMetadata",
        "tensorflow.serving.PredictionService.Predict",
    ]


def test_a_client_predicts_without_proto_files(grpcurl: Callable[..., str]) -> None:
    tensor = {"dtype": "DT_FLOAT", "tensor_shape": {"dim": [{"size": "1"}, {"size": "3"}]}, "float_val": [1, 2, 3]}
    answer = grpcurl("tensorflow.serving.PredictionService/Predict", model_spec={"name": "times"}, inputs={"x": tensor})
    assert json.loads(answer)["outputs"]["y"]["floatVal"] == [3, 6, 9]


def test_clients_of_the_version_before_are_answered_too(all_models: Server) -> None:
    with grpc.insecure_channel(f"localhost:{all_models.grpc_port}") as channel:
        [answer] = stream(channel, "v1alpha")(iter([LIST_SERVICES]), timeout=60)
    assert b"tensorflow.serving.PredictionService" in answer


def test_a_message_that_is_too_long_is_refused(all_models: Server) -> None:
    with grpc.insecure_channel(f"localhost:{all_models.grpc_port}") as channel:
        assert list(stream(channel, "v1")(iter([b"\x1a\x90\x4e" + b"x" * 10_000]), timeout=60)) == []


def test_a_client_that_says_nothing_more_does_not_keep_its_call_open(start: Callable[..., Server]) -> None:
    silent: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    silent.put(LIST_SERVICES)
    with (
        start("times", 1, "--rest_api_timeout_in_ms=500") as server,
        grpc.insecure_channel(f"localhost:{server.grpc_port}") as channel,
    ):
        answers = list(stream(channel, "v1")(iter(silent.get, None), timeout=60))
    assert len(answers) == 1
