"""Ids of requests, and the log that has a line of each."""

from __future__ import annotations

import http.client
import json
import re
from typing import TYPE_CHECKING, Any

import grpc
import pytest
import requests
from requests.adapters import HTTPAdapter
from test_grpc import ROWS, request
from urllib3.util import Retry

if TYPE_CHECKING:
    from collections.abc import Callable

    from program import Server

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACE_PARENT = f"00-{TRACE_ID}-00f067aa0ba902b7-01"
SENT = {"x-request-id": "order-17", "traceparent": TRACE_PARENT}
MADE = re.compile(r"[0-9a-f]{32}")
PREDICT = "/v1/models/times:predict"
BODY = {"instances": [[1, 2, 3]]}


def of_a_call(server: Server, message: Any, metadata: dict[str, str]) -> tuple[grpc.StatusCode, dict[str, str]]:
    """Return the status of a prediction, and the metadata that come before it."""
    from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

    with grpc.insecure_channel(f"localhost:{server.grpc_port}") as channel:
        call = PredictionServiceStub(channel).Predict.future(message, timeout=60, metadata=tuple(metadata.items()))
        return call.code(), dict(call.initial_metadata()) | dict(call.trailing_metadata())


def logged(server: Server, count: int) -> list[dict[str, Any]]:
    """Return the lines of the access log, once there are so many."""
    server.wait_until(lambda: len(lines(server)) >= count)
    return lines(server)


def lines(server: Server) -> list[dict[str, Any]]:
    return [line for line in server.log if line.get("message") == "request"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", PREDICT, 200),
        ("POST", "/v1/models/nope:predict", 404),
        ("POST", "/v2/models/times/infer", 400),
        ("GET", "/v2/health/ready", 200),
        ("GET", "/readyz", 200),
        ("GET", "/monitoring/prometheus/metrics", 200),
    ],
)
def test_every_answer_over_rest_has_the_ids_of_its_request(
    all_models: Server, method: str, path: str, status: int
) -> None:
    def ask(headers: dict[str, str]) -> Any:
        body = BODY if method == "POST" else None
        answer = requests.request(method, all_models.url + path, json=body, headers=headers, timeout=60)
        assert answer.status_code == status
        return answer.headers

    assert {name: ask(SENT).get(name) for name in SENT} == SENT
    first, second = ask({}), ask({"x-request-id": "two words", "traceparent": "00-0-0-00"})
    assert MADE.fullmatch(first["x-request-id"])
    assert MADE.fullmatch(second["x-request-id"])
    assert first["x-request-id"] != second["x-request-id"]
    assert "traceparent" not in first
    assert "traceparent" not in second


@pytest.mark.parametrize(("model", "code"), [("times", "OK"), ("nope", "NOT_FOUND")])
def test_every_answer_over_grpc_has_the_ids_of_its_call(all_models: Server, model: str, code: str) -> None:
    status, found = of_a_call(all_models, request(model, x=ROWS), SENT)
    assert status.name == code
    assert {name: found.get(name) for name in SENT} == SENT
    status, found = of_a_call(all_models, request(model, x=ROWS), {})
    assert MADE.fullmatch(found["x-request-id"])
    assert "traceparent" not in found


def test_calls_that_no_service_answers_have_ids_too(all_models: Server) -> None:
    with grpc.insecure_channel(f"localhost:{all_models.grpc_port}") as channel:
        call = channel.unary_unary("/nope.Service/Method").future(b"", timeout=60, metadata=tuple(SENT.items()))
        assert call.code() == grpc.StatusCode.UNIMPLEMENTED
        found = dict(call.initial_metadata()) | dict(call.trailing_metadata())
        assert {name: found.get(name) for name in SENT} == SENT


def test_the_access_log_has_a_line_of_each_request(start: Callable[..., Server]) -> None:
    with start("times", 1, "--access_log") as server:
        answer = server.post(f"{PREDICT}?secret=1", BODY, headers=SENT)
        missing = server.get("/v1/models/nope")
        of_a_call(server, request("times", x=ROWS), SENT)
        of_a_call(server, request("nope", x=ROWS), {})
        found = logged(server, 4)

    rest = {"method": "POST", "path": PREDICT, "status": 200, "bytes": len(answer.content)}
    common = {"level": "INFO", "message": "request"}
    ids = {"request_id": "order-17", "trace_id": TRACE_ID}
    shown = [
        {name: value for name, value in line.items() if name not in ("timestamp", "milliseconds")} for line in found
    ]
    assert shown[0] == common | rest | ids
    refused = {"method": "GET", "path": "/v1/models/nope", "status": 404, "bytes": len(missing.content)}
    assert shown[1] == common | refused | {"request_id": missing.headers["x-request-id"]}
    rpc = "tensorflow.serving.PredictionService/Predict"
    # A message of gRPC has five bytes before it.
    assert shown[2].pop("bytes") > 5
    assert shown[2] == common | {"rpc": rpc, "status": "OK"} | ids
    assert MADE.fullmatch(shown[3].pop("request_id"))
    assert shown[3] == common | {"rpc": rpc, "status": "NOT_FOUND", "bytes": 0}
    for line in found:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["timestamp"])
        assert 0 <= line["milliseconds"] < 60_000


def test_a_request_whose_client_has_gone_is_logged_without_a_status(start: Callable[..., Server]) -> None:
    with start("slow", 1, "--access_log") as server:
        connection = http.client.HTTPConnection("localhost", server.rest_port)
        connection.request("POST", "/v1/models/slow:predict", json.dumps({"instances": [[1.0]] * 1000}))
        server.wait_until(lambda: server.metric("model_server:rows_per_run_count", model_name="slow") >= 1)
        connection.close()
        server.wait_until(lambda: any(line["status"] is None for line in lines(server)))
        [line] = [line for line in lines(server) if line["status"] is None]
        assert (line["path"], line["bytes"]) == ("/v1/models/slow:predict", 0)


def test_no_level_leaves_the_access_log_out(start: Callable[..., Server]) -> None:
    server = start("times", 1, "--access_log=true", "--log_level=error")
    try:
        with requests.Session() as session:
            # The line which says that it serves is of a lower level.
            session.mount("http://", HTTPAdapter(max_retries=Retry(connect=100, backoff_factor=0.01)))
            assert session.get(f"{server.url}/readyz", timeout=60).ok
        [line] = logged(server, 1)
        assert (line["path"], line["status"]) == ("/readyz", 200)
    finally:
        server.stop()


def test_no_request_is_logged_unless_a_flag_says_so(start: Callable[..., Server]) -> None:
    with start("times", 1) as server:
        assert server.post(PREDICT, BODY).ok
        server.terminate()
        server.wait_until(lambda: server.says("draining"))
        assert not lines(server)
