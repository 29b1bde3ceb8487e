"""The Open Inference Protocol over REST: what any client of it sends, and what it gets."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from server_models import PASSED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from program import Server

INFER = "/v2/models/times/infer"
HEADER = "Inference-Header-Content-Length"
DATATYPES = {
    "float32": "FP32",
    "float64": "FP64",
    "float16": "FP16",
    **{name: name.upper() for name in PASSED if not name.startswith("float")},
}
ROW = {"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}


def split(answer: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the JSON of an answer in binary form, and its tensors."""
    length = int(answer.headers[HEADER])
    document, rest = json.loads(answer.content[:length]), answer.content[length:]
    tensors = {}
    numpy = {datatype: name for name, datatype in DATATYPES.items()}
    for output in document["outputs"]:
        size = output["parameters"]["binary_data_size"]
        tensors[output["name"]] = np.frombuffer(rest[:size], numpy[output["datatype"]]).reshape(output["shape"])
        rest = rest[size:]
    assert rest == b""
    return document, tensors


def body_of(document: dict[str, Any], *tensors: np.ndarray) -> tuple[bytes, dict[str, str]]:
    text = json.dumps(document).encode()
    return text + b"".join(tensor.tobytes() for tensor in tensors), {HEADER: str(len(text))}


def test_health_and_metadata_are_json(all_models: Server) -> None:
    def get(path: str) -> Any:
        answer = all_models.get(path)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
        return answer.json()

    assert get("/v2/health/live") == {"live": True}
    assert get("/v2/health/ready") == {"live": True, "ready": True}
    assert get("/v2")["extensions"] == ["binary_tensor_data"]
    assert get("/v2/models/times/ready") == {"name": "times", "ready": True}
    assert get("/v2/models/times") == {
        "name": "times",
        "versions": ["1", "2"],
        "platform": "litert_tflite",
        "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 3]}],
        "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1, 3]}],
    }
    assert get("/v2/models/times/versions/1")["versions"] == ["1"]
    assert get("/v2/models/t%69mes/versions/2/ready") == {"name": "times", "ready": True}


@pytest.mark.parametrize(("version", "factor"), [("", 3.0), ("/versions/1", 2.0), ("/versions/2", 3.0)])
def test_an_inference_request_is_answered_with_its_id_and_the_version(
    all_models: Server, version: str, factor: float
) -> None:
    body = {"id": "a1", "inputs": [ROW | {"shape": [2, 3], "data": [1, 2, 3, 4, 5, 6.5]}]}
    answer = all_models.post(f"/v2/models/times{version}/infer", body)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    data = [factor * value for value in (1, 2, 3, 4, 5, 6.5)]
    assert answer.json() == {
        "model_name": "times",
        "model_version": str(int(factor - 1)),
        "id": "a1",
        "outputs": [{"name": "y", "datatype": "FP32", "shape": [2, 3], "data": data}],
    }


def test_a_parameter_names_the_signature_and_outputs_are_chosen(all_models: Server) -> None:
    body = {"inputs": [ROW], "parameters": {"signature_name": "total"}, "outputs": [{"name": "sum"}]}
    outputs = all_models.post(INFER, body).json()["outputs"]
    assert outputs == [{"name": "sum", "datatype": "FP32", "shape": [1], "data": [6.0]}]


@pytest.mark.parametrize("binary", [False, True], ids=["json", "binary"])
def test_every_type_comes_back_as_it_was_sent(all_models: Server, binary: bool) -> None:
    tensors = {name: np.array([[0, 1], [1, 0]]).astype(name) for name in PASSED}
    inputs: list[dict[str, Any]] = []
    for name, tensor in tensors.items():
        values = {"parameters": {"binary_data_size": tensor.nbytes}} if binary else {"data": tensor.flatten().tolist()}
        inputs.append({"name": name, "shape": [2, 2], "datatype": DATATYPES[name], **values})
    if not binary:
        outputs = all_models.post("/v2/models/passing/infer", {"inputs": inputs}).json()["outputs"]
        found = {
            output["name"]: np.array(output["data"], output["name"].removesuffix("_out")).reshape(output["shape"])
            for output in outputs
        }
        assert {output["name"]: output["datatype"] for output in outputs} == {
            f"{name}_out": DATATYPES[name] for name in PASSED
        }
    else:
        document = {"inputs": inputs, "parameters": {"binary_data_output": True}}
        body, headers = body_of(document, *tensors.values())
        _, found = split(all_models.post("/v2/models/passing/infer", body, headers=headers))
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(found[f"{name}_out"], tensor, err_msg=name)


def test_binary_tensors_go_both_ways_without_a_content_type(all_models: Server) -> None:
    rows = np.array([[1, np.nan, np.inf]], np.float32)
    document = {
        "inputs": [ROW | {"data": None, "parameters": {"binary_data_size": rows.nbytes}}],
        "parameters": {"binary_data_output": True},
    }
    body, headers = body_of(document, rows)
    answer = all_models.post(INFER, body, headers=headers)
    assert answer.request.headers.get("Content-Type") is None
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/octet-stream")
    _, tensors = split(answer)
    np.testing.assert_array_equal(tensors["y"], rows * 3)


def test_a_body_may_be_the_only_tensor(all_models: Server) -> None:
    rows = np.arange(6, dtype=np.float32).reshape(2, 3)
    _, tensors = split(all_models.post(INFER, rows.tobytes(), headers={HEADER: "0"}))
    np.testing.assert_array_equal(tensors["y"], rows * 3)


@pytest.mark.parametrize(("encoding", "zipped"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_the_header_counts_the_bytes_of_a_zipped_body_as_they_were(
    all_models: Server, encoding: str, zipped: Callable[[bytes], bytes]
) -> None:
    rows = np.ones((64, 3), np.float32)
    document = {"inputs": [ROW | {"shape": [64, 3], "data": None, "parameters": {"binary_data_size": rows.nbytes}}]}
    body, headers = body_of(document, rows)
    answer = all_models.post(INFER, zipped(body), headers=headers | {"Content-Encoding": encoding})
    assert answer.json()["outputs"][0]["data"] == [3.0] * 192
    text = zipped(json.dumps({"instances": [[1, 2, 3]]}).encode())
    assert all_models.post("/v1/models/times:predict", text, headers={"Content-Encoding": encoding}).status_code == 200
    assert all_models.post(INFER, body, headers=headers | {"Content-Encoding": encoding}).status_code == 400


def test_real_values_of_a_quantized_model(all_models: Server, models: Path) -> None:
    rows = np.random.default_rng(1).uniform(-1, 1, (5, 8)).astype("float32")
    expected = rows @ np.load(models / "int8" / "weights.npy")
    given = {"name": "x", "shape": [5, 8], "datatype": "FP32"}
    [output] = all_models.post("/v2/models/int8/infer", {"inputs": [given | {"data": rows.tolist()}]}).json()["outputs"]
    assert np.allclose(np.reshape(output["data"], output["shape"]), expected, atol=0.15)
    document = {"inputs": [given | {"parameters": {"binary_data_size": rows.nbytes}}]}
    body, headers = body_of(document | {"parameters": {"binary_data_output": True}}, rows)
    _, tensors = split(all_models.post("/v2/models/int8/infer", body, headers=headers))
    np.testing.assert_array_equal(tensors["scores"].flatten(), np.array(output["data"], np.float32))


@pytest.mark.parametrize(
    ("method", "path", "status", "sentence"),
    [
        ("GET", "/v2/models/nope", 404, "unknown model 'nope'"),
        ("POST", "/v2/models/nope/infer", 404, "unknown model 'nope'"),
        ("GET", "/v2/models/times/versions/9", 404, "unknown version 9"),
        ("GET", "/v2/models/times/versions/x/ready", 404, "unknown version 'x'"),
        ("GET", INFER, 405, "use POST"),
        ("POST", "/v2/models/times", 405, "use GET"),
        ("GET", "/v2/nope", 404, "unknown path"),
        ("GET", "/v2/models/times/stats", 404, "statistics"),
        ("POST", "/v2/repository/index", 404, "the model repository"),
        ("GET", "/v2/systemsharedmemory/status", 404, "shared memory"),
        ("POST", INFER, 400, "the body is empty"),
    ],
)
def test_what_is_not_there_is_refused_with_a_sentence(
    all_models: Server, method: str, path: str, status: int, sentence: str
) -> None:
    import requests

    answer = requests.request(method, all_models.url + path, timeout=60)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/json")
    assert sentence in answer.json()["error"]
    assert ("Allow" in answer.headers) == (status == 405)


def test_limits_and_metrics_are_those_of_predict_requests(start: Callable[..., Server]) -> None:
    with start("wide", 1, "--max_request_bytes=100000", "--request_memory_in_mib=32") as server:
        path, given = "/v2/models/wide/infer", {"name": "x", "shape": [1, 1], "datatype": "FP32"}
        assert server.post(path, {"inputs": [given | {"data": [1]}]}).status_code == 200
        too_long = {"inputs": [given | {"data": [1]}], "note": "x" * 100_000}
        assert server.post(path, too_long).status_code == 413
        many = given | {"shape": [20_000, 1], "data": [1] * 20_000}
        answer = server.post(path, {"inputs": [many], "parameters": {"binary_data_output": True}})
        assert (answer.status_code, "send fewer rows" in answer.json()["error"]) == (413, True)
        count = ":tensorflow:serving:request_latency_count"
        assert server.metric(count, model_name="wide", API="infer", entrypoint="REST") == 3
        assert server.metric(":tensorflow:serving:request_count", model_name="wide", status="OK") == 1


def test_readiness_is_withdrawn_and_requests_are_answered_while_the_server_drains(start: Callable[..., Server]) -> None:
    with start("times", 1, "--drain_delay_in_seconds=20") as server:
        server.terminate()
        server.wait_until(lambda: server.get("/readyz").status_code == 503)
        for path in ("/v2/health/ready", "/v2/models/times/ready"):
            answer = server.get(path)
            assert (answer.status_code, bool(answer.json()["error"])) == (503, True)
        assert server.get("/v2/health/live").json() == {"live": True}
        assert server.post(INFER, {"inputs": [ROW]}).status_code == 200
