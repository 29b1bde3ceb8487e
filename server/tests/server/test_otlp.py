"""Spans of predictions, which a collector of OpenTelemetry gets."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from otlp_collector import ERROR, SERVER, UNSET, Collector
from test_grpc import ROWS, request
from test_request_ids import BODY, PREDICT, SENT, TRACE_ID, TRACE_PARENT, lines, of_a_call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from program import Server

    Start = Callable[..., Server]

PARENT = "00f067aa0ba902b7"
UNSAMPLED = f"00-{TRACE_ID}-{PARENT}-00"
DROPPED = "model_server:dropped_spans"
AT_ONCE = "--drain_delay_in_seconds=0"
MODEL: dict[str, Any] = {"model_server.model.name": "times", "model_server.model.version": 1}
NO_PREDICTIONS = ("/livez", "/readyz", "/monitoring/prometheus/metrics", "/v1/models/times/metadata", "/v2/health/live")
REST = {"http.request.method": "POST", "http.route": "/v1/models/{model}:predict", "url.path": PREDICT}
GRPC = {"rpc.system": "grpc", "rpc.service": "tensorflow.serving.PredictionService", "rpc.method": "Predict"}


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        yield collector


def end(server: Server) -> None:
    server.terminate()
    assert server.process.wait(60) == 0


def threads(server: Server) -> list[str]:
    tasks = Path(f"/proc/{server.process.pid}/task").iterdir()
    return [(task / "comm").read_text().strip() for task in tasks]


def test_a_prediction_over_rest_has_a_span_below_its_clients(collector: Collector, start: Start) -> None:
    with start("times", 1, collector.flag, "--access_log", AT_ONCE) as server:
        answer = server.post(PREDICT, BODY, headers={**SENT, "tracestate": "vendor=1"})
        end(server)
        [line] = lines(server)

    [span] = collector.spans
    assert (span.name, span.kind, span.status) == ("POST /v1/models/{model}:predict", SERVER, UNSET)
    assert (span.parent, span.trace_state) == (PARENT, "vendor=1")
    assert span.attributes == {**REST, **MODEL, "http.response.status_code": 200}
    assert span.nanoseconds > 0
    assert answer.headers["traceparent"] == span.trace_parent != TRACE_PARENT
    assert span.trace_parent.split("-")[1] == line["trace_id"] == TRACE_ID
    assert span.resource["service.name"] == "times"


def test_a_prediction_over_grpc_has_a_span_below_its_clients(collector: Collector, start: Start) -> None:
    with start("times", 1, collector.flag, AT_ONCE) as server:
        answered = of_a_call(server, request("times", x=ROWS), SENT)[1]
        of_a_call(server, request("nope", x=ROWS), SENT)
        end(server)

    span, refused = sorted(collector.spans, key=lambda span: span.attributes["rpc.grpc.status_code"])
    assert (span.name, span.kind) == ("tensorflow.serving.PredictionService/Predict", SERVER)
    assert span.attributes == {**GRPC, **MODEL, "rpc.grpc.status_code": 0}
    assert (span.parent, span.trace_parent) == (PARENT, answered["traceparent"])
    # The client's fault.
    assert (refused.attributes, refused.status) == ({**GRPC, "rpc.grpc.status_code": 5}, UNSET)


def test_a_prediction_without_a_trace_begins_one(collector: Collector, start: Start) -> None:
    with start("times", 1, collector.flag, "--access_log", AT_ONCE) as server:
        answer = server.post("/v2/models/times/infer", b"{")
        end(server)
        [line] = lines(server)

    [span] = collector.spans
    assert (span.name, span.parent, span.status) == ("POST /v2/models/{model}/infer", "", UNSET)
    assert span.attributes["http.response.status_code"] == 400
    assert span.trace_parent == answer.headers["traceparent"]
    assert span.trace_parent.split("-")[1] == line["trace_id"]


def test_a_fault_of_the_server_is_the_spans_status(collector: Collector, start: Start) -> None:
    with start("slow", 1, collector.flag, "--rest_api_timeout_in_ms=100", AT_ONCE) as server:
        assert server.post("/v1/models/slow:predict", {"instances": [[1.0]] * 1000}).status_code == 504
        of_a_call(server, request("slow", x=[[1.0]] * 1000), {})
        end(server)

    rest, rpc = sorted(collector.spans, key=lambda span: span.name)
    assert (rest.status, rest.attributes["error.type"]) == (ERROR, "504")
    assert (rpc.status, rpc.attributes["error.type"]) == (ERROR, "DEADLINE_EXCEEDED")
    assert (rest.attributes["http.response.status_code"], rpc.attributes["rpc.grpc.status_code"]) == (504, 4)


def test_what_is_no_prediction_or_not_sampled_has_no_span(collector: Collector, start: Start) -> None:
    with start("times", 1, collector.flag, "--otlp_sample_rate=1e-12", AT_ONCE) as server:
        for path in NO_PREDICTIONS:
            assert server.get(path, headers=SENT).headers["traceparent"] == TRACE_PARENT
        with grpc.insecure_channel(f"localhost:{server.grpc_port}") as channel:
            call = channel.unary_unary("/grpc.health.v1.Health/Check").future(b"", timeout=60, metadata=[*SENT.items()])
            assert dict(call.initial_metadata())["traceparent"] == TRACE_PARENT
        unsampled = server.post(PREDICT, BODY, headers={"traceparent": UNSAMPLED})
        assert unsampled.headers["traceparent"] == UNSAMPLED
        assert of_a_call(server, request("times", x=ROWS), {"traceparent": UNSAMPLED})[1]["traceparent"] == UNSAMPLED
        assert "traceparent" not in server.post(PREDICT, BODY).headers
        sampled = server.post(PREDICT, BODY, headers=SENT)
        end(server)

    assert [span.trace_parent for span in collector.spans] == [sampled.headers["traceparent"]]


def test_standard_variables_describe_the_process_and_its_calls(
    collector: Collector, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "recognition")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=17")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    with start("times", 1, collector.flag, AT_ONCE) as server:
        server.post(PREDICT, BODY)
        end(server)

    [span] = collector.spans
    assert span.resource["service.name"] == "recognition"
    assert span.resource["deployment.environment.name"] == "test"
    assert collector.headers[0]["x-tenant"] == "17"


def test_without_the_flag_there_is_no_thread_no_metric_and_no_span(
    collector: Collector, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.flag.partition("=")[2])
    for flags, is_on in (([], False), ([collector.flag], True)):
        with start("times", 1, *flags, AT_ONCE) as server:
            answer = server.post(PREDICT, BODY, headers=SENT)
            assert (answer.headers["traceparent"] == TRACE_PARENT) is not is_on
            assert any(name.startswith("OpenTelemetry") for name in threads(server)) is is_on
            assert (DROPPED in server.get("/monitoring/prometheus/metrics").text) is is_on
            end(server)
        assert len(collector.spans) == is_on


@pytest.mark.fault
def test_a_collector_that_is_away_harms_no_request(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        flag = f"--otlp_endpoint=http://127.0.0.1:{unused.getsockname()[1]}"
        with start("times", 1, flag, AT_ONCE) as server:
            for count in (1, 2):
                assert server.post(PREDICT, BODY).status_code == 200
                server.wait_until(lambda count=count: server.metric(DROPPED, reason="not_delivered") == count)
            end(server)
            [problem] = [line["problem"] for line in server.log if line["level"] == "WARN"]
    assert "refused" in problem


@pytest.mark.fault
def test_a_collector_that_does_not_answer_harms_neither_requests_nor_the_end(start: Start) -> None:
    released = threading.Event()

    def answer() -> int:
        released.wait(60)
        return 200

    with Collector(answer) as collector:
        with start("times", 1, collector.flag, AT_ONCE, "--drain_timeout_in_seconds=1") as server:
            for _ in range(3):
                assert server.post(PREDICT, BODY).status_code == 200
            end(server)
            lost = [(line["dropped_spans"], line["message"]) for line in server.log if "dropped_spans" in line]
        released.set()
    assert lost == [(3, "spans are lost at the end: they were not sent within the time to drain")]


def test_spans_that_a_collector_refuses_at_the_end_are_counted_among_those_that_are_lost(start: Start) -> None:
    """Count spans that the collector refuses in the 30 seconds to drain, which nothing else needs."""
    released = threading.Event()
    asked = threading.Event()

    def answer() -> int:
        asked.set()
        released.wait(60)
        return 500

    with Collector(answer) as collector:
        with start("times", 1, collector.flag, AT_ONCE) as server:
            for _ in range(3):
                assert server.post(PREDICT, BODY).status_code == 200
            server.terminate()
            assert asked.wait(60)
            # The first call hangs, and the end does not wait for it.
            server.process.wait(25)
            lost = [line["dropped_spans"] for line in server.log if "dropped_spans" in line]
        released.set()
    assert lost == [3]
