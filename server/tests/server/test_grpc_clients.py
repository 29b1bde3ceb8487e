"""Other people's gRPC clients against the server: grpcurl and ghz, which read TensorFlow Serving's own descriptors."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from program import Server

# Where the set-up has not compiled both, the tests do.
pytestmark = [
    pytest.mark.skipif(shutil.which("go") is None, reason="no Go on the PATH to compile grpcurl and ghz"),
    pytest.mark.timeout(900),
]

PREDICT = "tensorflow.serving.PredictionService/Predict"
METADATA = "tensorflow.serving.PredictionService/GetModelMetadata"
STATUS = "tensorflow.serving.ModelService/GetModelStatus"
NOT_FOUND = 64 + 5
"""grpcurl adds the gRPC code to 64."""
REQUESTS, CLIENTS, CONNECTIONS = 2000, 16, 4


@pytest.fixture(scope="module")
def descriptors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """TensorFlow Serving's services with all that they import, as both programs read them."""
    from google.protobuf.descriptor_pb2 import FileDescriptorSet
    from tensorflow_serving.apis import model_service_pb2, prediction_service_pb2

    found = FileDescriptorSet()

    def add(file: Any) -> None:
        if file.name not in {known.name for known in found.file}:
            for imported in file.dependencies:
                add(imported)
            file.CopyToProto(found.file.add())

    for service in (prediction_service_pb2, model_service_pb2):
        add(service.DESCRIPTOR)
    path = tmp_path_factory.mktemp("descriptors") / "serving.pb"
    path.write_bytes(found.SerializeToString())
    return path


@pytest.fixture(scope="module")
def call(all_models: Server, descriptors: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Give `call(method, message)` of grpcurl."""
    from benchmark.go_programs import GRPCURL, go_program

    program = str(go_program(GRPCURL))

    def run(method: str, message: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        command = [program, "-plaintext", "-protoset", str(descriptors), "-d", json.dumps(message)]
        address = f"localhost:{all_models.grpc_port}"
        return subprocess.run([*command, address, method], capture_output=True, text=True, timeout=60, check=False)

    return run


def rows(name: str, values: list[list[float]]) -> dict[str, Any]:
    shape = {"dim": [{"size": len(values)}, {"size": len(values[0])}]}
    x = {"dtype": "DT_FLOAT", "tensor_shape": shape, "float_val": [value for row in values for value in row]}
    return {"model_spec": {"name": name}, "inputs": {"x": x}}


def test_grpcurl_gets_a_prediction(call: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    answered = call(PREDICT, rows("times", [[1, 2, 3], [4, 5, 6.5]]))
    assert answered.returncode == 0, answered.stderr
    answer = json.loads(answered.stdout)
    output = answer["outputs"]["y"]
    assert (output["dtype"], output["float_val"]) == ("DT_FLOAT", [3, 6, 9, 12, 15, 19.5])
    assert [dimension["size"] for dimension in output["tensor_shape"]["dim"]] == ["2", "3"]
    assert answer["model_spec"] == {"name": "times", "version": "2", "signature_name": "serving_default"}


def test_grpcurl_gets_the_metadata_and_the_status(call: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    answered = call(METADATA, {"model_spec": {"name": "times"}, "metadata_field": ["signature_def"]})
    assert answered.returncode == 0, answered.stderr
    signatures = json.loads(answered.stdout)["metadata"]["signature_def"]["signature_def"]
    assert signatures["serving_default"]["inputs"]["x"]["dtype"] == "DT_FLOAT"
    answered = call(STATUS, {"model_spec": {"name": "times"}})
    assert answered.returncode == 0, answered.stderr
    statuses = json.loads(answered.stdout)["model_version_status"]
    assert [(status["version"], status["state"]) for status in statuses] == [("2", "AVAILABLE"), ("1", "AVAILABLE")]


def test_grpcurl_is_told_what_is_wrong(call: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    refused = call(PREDICT, rows("nope", [[1, 2, 3]]))
    assert refused.returncode == NOT_FOUND
    assert "unknown model 'nope'" in refused.stderr


def test_every_request_of_ghz_is_answered(start: Callable[..., Server], descriptors: Path) -> None:
    from benchmark.go_programs import GHZ, go_program

    program = str(go_program(GHZ))
    with start("times", 1) as server:
        command = [program, "--insecure", "-O", "json", "--protoset", str(descriptors)]
        command += ["--call", PREDICT, "-d", json.dumps(rows("times", [[1, 2, 3]]))]
        command += ["-n", str(REQUESTS), "-c", str(CLIENTS), "--connections", str(CONNECTIONS)]
        address = f"localhost:{server.grpc_port}"
        done = subprocess.run([*command, address], capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        assert report["statusCodeDistribution"] == {"OK": REQUESTS}
        assert server.metric(":tensorflow:serving:request_count", model_name="times", status="OK") == REQUESTS
