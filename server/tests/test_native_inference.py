"""The Open Inference Protocol of a function: events of each front door, tensors as JSON and in binary form."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tensorflow_optimizer.documents.captured_request import CapturedRequest
from test_front_door_events import EVENTS
from test_native_process import lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from stand_in_runtime_api import Function

    Ask = Callable[..., tuple[int, dict[str, str], bytes]]

HEADER = "Inference-Header-Content-Length"
LOAD_BALANCER = {
    "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/m/1"}},
    "httpMethod": "POST",
    "path": "/",
    "headers": {},
}
DOORS = {**EVENTS, "a load balancer": LOAD_BALANCER}
INPUT = {"name": "x", "shape": [1, 4], "datatype": "FP32"}
BINARY = {"inputs": [INPUT | {"parameters": {"binary_data_size": 16}}], "parameters": {"binary_data_output": True}}
ROW = np.array([[1, 2, 3, 4]], np.float32)


def event_of(
    door: str, method: str, path: str, body: bytes | None, headers: dict[str, str], *, multiple: bool = False
) -> dict[str, Any]:
    """Return the event of a front door, with the body as base64: no Content-Type says that it is text."""
    event = dict(DOORS[door])
    if "rawPath" in event:
        context = event["requestContext"]
        event |= {"rawPath": path, "requestContext": context | {"http": context["http"] | {"method": method}}}
    else:
        event |= {"path": path, "httpMethod": method}
    event.pop("multiValueHeaders", None)
    if multiple:
        event.pop("headers", None)
        event["multiValueHeaders"] = {name: [value] for name, value in headers.items()}
    else:
        event["headers"] = headers
    if body is None:
        return event | {"body": None, "isBase64Encoded": False}
    return event | {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


@pytest.fixture(params=DOORS)
def ask(request: pytest.FixtureRequest, answer: Callable[[str, Any], Any]) -> Ask:
    """Give `ask(method, path, body, headers)`, which returns status, headers and body, through each front door."""

    def send(method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Any:
        return received(answer("dense", event_of(request.param, method, path, body, headers or {})))

    return send


def received(response: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    """Return what a client gets of a proxy response."""
    body = response["body"]
    assert all(isinstance(value, str) for value in response["headers"].values())
    return (
        response["statusCode"],
        response["headers"],
        base64.b64decode(body, validate=True) if response["isBase64Encoded"] else body.encode(),
    )


def binary(document: dict[str, Any], *tensors: np.ndarray) -> tuple[bytes, dict[str, str]]:
    text = json.dumps(document).encode()
    return text + b"".join(tensor.tobytes() for tensor in tensors), {HEADER: str(len(text))}


def scores(headers: dict[str, str], body: bytes) -> np.ndarray:
    """Return the only output of an answer in binary form."""
    assert headers["content-type"] == "application/octet-stream"
    length = int(headers["inference-header-content-length"])
    [output] = json.loads(body[:length])["outputs"]
    assert output["parameters"] == {"binary_data_size": len(body) - length}
    return np.frombuffer(body[length:], np.float32).reshape(output["shape"])


def test_health_and_metadata_are_json(ask: Ask) -> None:
    def get(path: str) -> Any:
        status, headers, body = ask("GET", path)
        assert (status, headers["content-type"]) == (200, "application/json")
        return json.loads(body)

    assert get("/v2/health/live") == {"live": True}
    assert get("/prod/v2/health/ready") == {"live": True, "ready": True}
    assert get("/v2")["extensions"] == ["binary_tensor_data"]
    metadata = get("/v2/models/tiny")
    assert metadata["inputs"] == [{"name": "x", "datatype": "FP32", "shape": [-1, 4]}]
    assert get(f"/v2/models/tiny/versions/{metadata['versions'][0]}/ready") == {"name": "tiny", "ready": True}


def test_json_and_binary_form_have_the_same_values_as_a_predict_request(ask: Ask) -> None:
    _, _, predicted = ask("POST", "/v1/models/tiny:predict", json.dumps({"instances": ROW.tolist()}).encode())
    expected = np.array(json.loads(predicted)["predictions"], np.float32)
    document = {"id": "7", "inputs": [INPUT | {"data": ROW.flatten().tolist()}]}
    status, headers, body = ask("POST", "/prod/v2/models/tiny/infer", json.dumps(document).encode())
    assert (status, headers["content-type"]) == (200, "application/json")
    found = json.loads(body)
    assert (found["model_name"], found["id"]) == ("tiny", "7")
    np.testing.assert_array_equal(np.array(found["outputs"][0]["data"], np.float32), expected.flatten())

    status, headers, body = ask("POST", "/v2/models/tiny/infer", *binary(BINARY, ROW))
    assert status == 200
    np.testing.assert_array_equal(scores(headers, body), expected)
    status, headers, body = ask("POST", "/v2/models/tiny/infer", ROW.tobytes(), {HEADER.lower(): "0"})
    np.testing.assert_array_equal(scores(headers, body), expected)


@pytest.mark.parametrize(("encoding", "zipped"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_the_header_counts_the_bytes_of_a_zipped_body_as_they_were(
    ask: Ask, encoding: str, zipped: Callable[[bytes], bytes]
) -> None:
    body, headers = binary(BINARY, ROW)
    plain = ask("POST", "/v2/models/tiny/infer", body, headers)
    headers |= {"Content-Encoding": encoding}
    assert plain[0] == 200
    assert ask("POST", "/v2/models/tiny/infer", zipped(body), headers) == plain
    # A front door that unzips may leave the header.
    assert ask("POST", "/v2/models/tiny/infer", body, headers) == plain
    status, _, text = ask("POST", "/v2/models/tiny/infer", zipped(bytes(7_000_000)), headers)
    assert (status, "unzips to more than" in json.loads(text)["error"]) == (413, True)
    text = zipped(json.dumps({"instances": ROW.tolist()}).encode())
    assert ask("POST", "/v1/models/tiny:predict", text, {"content-encoding": encoding})[0] == 200
    assert ask("POST", "/v2/models/tiny/infer", zipped(body)[:-6], headers)[0] == 400


def test_a_load_balancer_may_send_headers_with_several_values(answer: Callable[[str, Any], Any]) -> None:
    body, headers = binary(BINARY, ROW)
    event = event_of("a load balancer", "POST", "/v2/models/tiny/infer", body, headers, multiple=True)
    assert received(answer("dense", event))[0] == 200


def test_bytes_that_came_as_text_are_refused_with_the_way_out(answer: Callable[[str, Any], Any]) -> None:
    body, headers = binary(BINARY, ROW)
    event = event_of("a load balancer", "POST", "/v2/models/tiny/infer", body, headers)
    event |= {"body": body.decode(errors="replace"), "isBase64Encoded": False}
    status, _, text = received(answer("dense", event))
    assert (status, "binaryMediaTypes ['*/*']" in json.loads(text)["error"]) == (400, True)


@pytest.mark.parametrize(
    ("method", "path", "status", "sentence"),
    [
        ("GET", "/v2/models/nope", 404, "unknown model 'nope'; this function serves 'tiny'"),
        ("GET", "/v2/models/tiny/versions/99", 404, "unknown version '99'"),
        ("GET", "/v2/models/tiny/infer", 405, "use POST"),
        ("GET", "/v2/models/tiny/stats", 404, "statistics"),
        ("POST", "/v2/repository/index", 404, "the model repository"),
        ("POST", "/v2/models/tiny/infer", 400, "the body is empty"),
    ],
)
def test_what_is_not_there_is_refused_with_a_sentence(
    ask: Ask, method: str, path: str, status: int, sentence: str
) -> None:
    found, headers, body = ask(method, path)
    assert (found, headers["content-type"], sentence in json.loads(body)["error"]) == (status, "application/json", True)
    assert ("allow" in headers) == (status == 405)


def test_a_request_is_captured_as_the_same_predict_request(
    start: Callable[..., Function], models: dict[str, str]
) -> None:
    function = start(models["dense"], CAPTURE_RATE="1")
    body, headers = binary(BINARY, ROW)
    event = event_of("a load balancer", "POST", "/v2/models/tiny/infer", body, headers)
    _, answered, tensors = received(function.invoke(event).value)
    found = CapturedRequest.model_validate(lines(function, 2)[1])
    assert found.request == {"signature_name": "serving_default", "inputs": {"x": ROW.tolist()}}
    captured = np.array(found.answer["outputs"], np.float32)
    np.testing.assert_array_equal(captured, scores(answered, tensors))
