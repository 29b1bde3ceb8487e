"""The stand-in for TensorFlow Serving by REST, beside the recorded answers: states, signatures and counters."""

from __future__ import annotations

import http.client

import pytest
from running_server import Server


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
