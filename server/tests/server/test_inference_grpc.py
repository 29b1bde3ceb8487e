"""The Open Inference Protocol over gRPC, asked by grpcurl with the messages of server/proto."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from server_models import PASSED
from test_inference_rest import DATATYPES

if TYPE_CHECKING:
    from collections.abc import Callable

    from program import Server

    Call = Callable[..., "subprocess.CompletedProcess[str]"]

# Where the set-up has not compiled it, the tests do.
pytestmark = [
    pytest.mark.skipif(shutil.which("go") is None, reason="no Go on the PATH to compile grpcurl and ghz"),
    pytest.mark.timeout(900),
]

ROOT = Path(__file__).parents[3]
PROTO = ROOT / "server" / "proto"
INVALID_ARGUMENT, NOT_FOUND, OUT_OF_RANGE, UNIMPLEMENTED = (64 + code for code in (3, 5, 11, 12))
"""grpcurl adds the gRPC code to 64."""
ROW = {"name": "x", "shape": ["1", "3"], "datatype": "FP32", "contents": {"fp32_contents": [1, 2, 3]}}


def caller(port: int, proto: Path) -> Call:
    from benchmark.go_programs import GRPCURL, go_program

    program = str(go_program(GRPCURL))

    def run(method: str, message: dict[str, Any] | None = None) -> subprocess.CompletedProcess[str]:
        command = [program, "-plaintext", "-import-path", str(proto.parent), "-proto", proto.name]
        service = f"inference.GRPCInferenceService/{method}"
        command += ["-d", json.dumps(message or {}), f"localhost:{port}", service]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    return run


@pytest.fixture(scope="module")
def call(all_models: Server) -> Call:
    """Give `call(method, message)`."""
    return caller(all_models.grpc_port, PROTO / "inference.proto")


def answer(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def infer(name: str, *inputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"model_name": name, "inputs": list(inputs), **more}


def test_health_and_metadata(call: Call) -> None:
    assert answer(call("ServerLive")) == {"live": True}
    assert answer(call("ServerReady")) == {"ready": True}
    assert answer(call("ModelReady", {"name": "times", "version": "1"})) == {"ready": True}
    assert answer(call("ServerMetadata"))["name"] == "cdk-tensorflow"
    metadata = answer(call("ModelMetadata", {"name": "times"}))
    assert (metadata["versions"], metadata["platform"]) == (["1", "2"], "litert_tflite")
    assert metadata["inputs"] == [{"name": "x", "datatype": "FP32", "shape": ["-1", "3"]}]
    assert answer(call("ModelMetadata", {"name": "times", "version": "2"}))["versions"] == ["2"]


def test_an_answer_has_the_id_and_is_raw_as_tritons_is_however_the_request_came(call: Call) -> None:
    typed = answer(call("ModelInfer", infer("times", ROW, id="a1", model_version="1")))
    assert (typed["modelName"], typed["modelVersion"], typed["id"]) == ("times", "1", "a1")
    [output] = typed["outputs"]
    assert (output["name"], output["datatype"], output["shape"]) == ("y", "FP32", ["1", "3"])
    assert "contents" not in output
    assert decoded(typed) == [2, 4, 6]

    rows = np.array([[1, np.nan, 3]], np.float32)
    given = {key: value for key, value in ROW.items() if key != "contents"}
    raw = answer(call("ModelInfer", infer("times", given, raw_input_contents=[encoded(rows)])))
    assert "contents" not in raw["outputs"][0]
    [content] = raw["rawOutputContents"]
    np.testing.assert_array_equal(np.frombuffer(base64.b64decode(content), np.float32), rows[0] * 3)


def decoded(found: dict[str, Any]) -> list[float]:
    """Return the values of the only output."""
    [content] = found["rawOutputContents"]
    return np.frombuffer(base64.b64decode(content), np.float32).tolist()


def encoded(values: np.ndarray) -> str:
    return base64.b64encode(values.tobytes()).decode()


def test_bytes_of_every_type_come_back_as_they_were_sent(call: Call) -> None:
    tensors = {name: np.array([[0, 1], [1, 0]]).astype(name) for name in PASSED}
    inputs: list[dict[str, Any]] = [{"name": name, "shape": ["2", "2"], "datatype": DATATYPES[name]} for name in PASSED]
    message = infer("passing", *inputs, raw_input_contents=[encoded(tensor) for tensor in tensors.values()])
    found = answer(call("ModelInfer", message))
    for output, content in zip(found["outputs"], found["rawOutputContents"], strict=True):
        name = output["name"].removesuffix("_out")
        assert output["datatype"] == DATATYPES[name]
        np.testing.assert_array_equal(np.frombuffer(base64.b64decode(content), name), tensors[name].flatten())


def test_a_parameter_names_the_signature_and_outputs_are_chosen(call: Call) -> None:
    parameters = {"signature_name": {"string_param": "total"}}
    found = answer(call("ModelInfer", infer("times", ROW, parameters=parameters, outputs=[{"name": "sum"}])))
    assert ([output["name"] for output in found["outputs"]], decoded(found)) == (["sum"], [6])


@pytest.mark.parametrize(
    ("message", "code", "sentence"),
    [
        (infer("nope", ROW), NOT_FOUND, "unknown model 'nope'"),
        (infer("times", ROW, model_version="9"), NOT_FOUND, "unknown version 9"),
        (infer("times", ROW, model_version="x"), NOT_FOUND, "unknown version 'x'"),
        (infer("times"), INVALID_ARGUMENT, "missing input 'x'"),
        (infer("times", ROW | {"datatype": "FP64"}), INVALID_ARGUMENT, "FP32 is expected"),
        (infer("times", ROW | {"shape": ["2", "3"]}), INVALID_ARGUMENT, "its shape has 6"),
        (infer("times", ROW, raw_input_contents=["AAAA"]), INVALID_ARGUMENT, "both contents and raw_input_contents"),
        (infer("times", raw_input_contents=["AAAA"]), INVALID_ARGUMENT, "has 1 tensors, and inputs 0"),
        (infer("times", ROW, outputs=[{"name": "z"}]), INVALID_ARGUMENT, "unknown output 'z'"),
        (
            infer("passing", {"name": "float16", "shape": ["2", "2"], "datatype": "FP16"}),
            INVALID_ARGUMENT,
            "the protocol has no contents of FP16; send raw_input_contents",
        ),
        (
            infer("times", ROW | {"parameters": {"shared_memory_region": {"string_param": "r"}}}),
            INVALID_ARGUMENT,
            "shared memory: this extension of the protocol is not offered",
        ),
    ],
)
def test_what_the_model_cannot_answer_is_refused_with_a_sentence(
    call: Call, message: dict[str, Any], code: int, sentence: str
) -> None:
    refused = call("ModelInfer", message)
    assert (refused.returncode, sentence in refused.stderr) == (code, True), refused.stderr


@pytest.mark.parametrize(
    ("method", "what"),
    [
        ("ModelStatistics", "statistics"),
        ("RepositoryIndex", "the model repository"),
        ("RepositoryModelLoad", "the model repository"),
        ("SystemSharedMemoryStatus", "shared memory"),
        ("CudaSharedMemoryRegister", "shared memory"),
        ("ModelConfig", "the model's configuration"),
        ("ModelStreamInfer", "streams"),
    ],
)
def test_an_extension_is_unimplemented_with_a_sentence(
    all_models: Server, tmp_path: Path, method: str, what: str
) -> None:
    proto = tmp_path / "triton.proto"
    proto.write_text(
        'syntax = "proto3"; package inference; message Any {} '
        f"service GRPCInferenceService {{ rpc {method}(Any) returns (Any); }}"
    )
    refused = caller(all_models.grpc_port, proto)(method)
    assert (refused.returncode, f"{what}: not offered" in refused.stderr) == (UNIMPLEMENTED, True), refused.stderr


def test_limits_and_metrics_are_those_of_predict_calls(start: Callable[..., Server]) -> None:
    with start("wide", 1, "--max_request_bytes=100000") as server:
        call = caller(server.grpc_port, PROTO / "inference.proto")
        given = {"name": "x", "shape": ["1", "1"], "datatype": "FP32", "contents": {"fp32_contents": [1]}}
        answer(call("ModelInfer", infer("wide", given)))
        assert call("ModelInfer", infer("wide", given, id="x" * 100_000)).returncode == OUT_OF_RANGE
        many = given | {"shape": ["20000", "1"], "contents": {"fp32_contents": [1] * 20_000}}
        refused = call("ModelInfer", infer("wide", many))
        assert (refused.returncode, "send fewer rows" in refused.stderr) == (OUT_OF_RANGE, True)
        count = ":tensorflow:serving:request_latency_count"
        assert server.metric(count, model_name="wide", API="ModelInfer", entrypoint="GRPC") == 2
