"""The stand-in for TensorFlow Serving by REST: predictions, refusals, states, signatures and counters."""

from __future__ import annotations

import base64
import http.client
import json

import numpy as np
import pytest
from running_server import Server


def test_predicts_rows_and_columns(server: Server) -> None:
    assert server.request("POST", "/v1/models/half:predict", '{"instances": [1, 2, 5]}') == (
        200,
        {"predictions": [2.5, 3.0, 4.5]},
    )
    assert server.request("POST", "/v1/models/half/versions/1:predict", '{"inputs": [1.0]}') == (
        200,
        {"outputs": [2.5]},
    )
    assert server.request("POST", "/v1/models/half:predict", '{"instances": [{"x": 4}]}') == (
        200,
        {"predictions": [4.0]},
    )


def test_predicts_bytes_and_several_outputs(server: Server) -> None:
    image = {"b64": base64.b64encode(b"\xff\x00").decode()}
    row = {"image": image, "n": 1}

    status, answer = server.request(
        "POST", "/v1/models/half:predict", json.dumps({"signature_name": "two", "instances": [row]})
    )

    assert (status, answer) == (200, {"predictions": [{"image_bytes": image, "length": 3}]})


def test_answers_with_numbers_that_json_does_not_have(server: Server) -> None:
    status, answer = server.request("POST", "/v1/models/half:predict", '{"instances": [Infinity, NaN]}')

    assert status == 200
    assert answer["predictions"][0] == float("inf")
    assert np.isnan(answer["predictions"][1])


@pytest.mark.parametrize(
    ("path", "body", "status", "error"),
    [
        ("/v1/models/half:predict", "{", 400, "JSON Parse error"),
        ("/v1/models/half:predict", "{}", 400, "Missing 'inputs' or 'instances' key"),
        ("/v1/models/half:predict", '{"instances": ["a"]}', 400, "x"),
        ("/v1/models/half:predict", '{"instances": [{"z": 1}]}', 400, "z"),
        ("/v1/models/half:predict", '{"signature_name": "none", "instances": [1]}', 400, '"none"'),
        ("/v1/models/half:predict", '{"signature_name": "total", "instances": [1]}', 400, "batch"),
        ("/v1/models/half:predict", '{"signature_name": "two", "instances": [{"image": "a", "n": 1.5}]}', 400, "int32"),
        ("/v1/models/other:predict", '{"instances": [1]}', 404, "Servable not found for request: Latest(other)"),
        ("/v1/models/half/versions/2:predict", '{"instances": [1]}', 404, "Specific(half, 2)"),
        ("/v1/models/half:explain", '{"instances": [1]}', 400, "Malformed request"),
    ],
)
def test_refuses_requests_that_do_not_fit(server: Server, path: str, body: str, status: int, error: str) -> None:
    answered, answer = server.request("POST", path, body)

    assert answered == status
    assert error in answer["error"]


def test_reports_state_and_signatures(server: Server) -> None:
    status, state = server.request("GET", "/v1/models/half")
    assert (status, state["model_version_status"]) == (
        200,
        [{"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}],
    )
    status, metadata = server.request("GET", "/v1/models/half/metadata")
    signature = metadata["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert status == 200
    assert metadata["model_spec"] == {"name": "half", "signature_name": "", "version": "1"}
    assert signature["inputs"]["x"]["dtype"] == "DT_FLOAT"
    assert signature["inputs"]["x"]["tensor_shape"] == {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False}
    assert server.request("GET", "/v1/models/other/metadata")[0] == 404


@pytest.mark.parametrize(("asked", "told"), [("close", "close"), ("keep-alive", None)])
def test_announces_the_end_of_a_connection(server: Server, asked: str, told: str | None) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.rest_port, timeout=30)
    try:
        connection.request("GET", "/v1/models/half", headers={"connection": asked})

        assert connection.getresponse().getheader("Connection") == told
    finally:
        connection.close()


def test_counts_predictions_and_status_requests_under_different_labels(server: Server) -> None:
    def counts() -> list[float]:
        latency = [
            server.counted("request_latency_count", model_name="half", API=api, entrypoint="REST")
            for api in ("predict", "")
        ]
        return [
            *latency,
            *(
                server.counted("request_count", model_name="half", status=status)
                for status in ("OK", "INVALID_ARGUMENT")
            ),
        ]

    before = counts()
    server.request("POST", "/v1/models/half:predict", '{"instances": [1]}')
    server.request("POST", "/v1/models/half:predict", '{"instances": ["a"]}')
    server.request("GET", "/v1/models/half")
    server.request("GET", "/v1/models/half/metadata")

    assert [now - then for then, now in zip(before, counts(), strict=True)] == [1, 2, 3, 1]
    assert ":tensorflow:serving:request_latency_bucket{" in server.request("GET", "/metrics")[1]
