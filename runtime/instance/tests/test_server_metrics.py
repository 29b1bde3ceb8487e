"""Metrics that an instance computes from TensorFlow Serving's counters."""

from __future__ import annotations

import importlib.util
import json
import urllib.error
from http.client import IncompleteRead
from pathlib import Path
from typing import Any

import pytest
from cloudwatch import NotSentError

PATH = Path(__file__).resolve().parents[1] / "src" / "metrics.py"
PAGE = """
# TYPE :tensorflow:serving:request_count counter
:tensorflow:serving:request_count{model_name="digits",status="OK"} 40
:tensorflow:serving:request_count{model_name="digits",status="INVALID_ARGUMENT"} 2
:tensorflow:serving:request_count{model_name="digits",status="FAILED_PRECONDITION"} 5
:tensorflow:serving:request_count{model_name="digits",status="INTERNAL"} 1
:tensorflow:serving:request_count{model_name="other",status="INTERNAL"} 90
:tensorflow:serving:request_latency_bucket{model_name="digits",API="predict",entrypoint="REST",le="10"} 4
:tensorflow:serving:request_latency_sum{model_name="digits",API="predict",entrypoint="REST"} 21000
:tensorflow:serving:request_latency_count{model_name="digits",API="predict",entrypoint="REST"} 7
:tensorflow:serving:request_latency_sum{model_name="digits",API="Predict",entrypoint="GRPC"} 9000
:tensorflow:serving:request_latency_count{model_name="digits",API="Predict",entrypoint="GRPC"} 3
:tensorflow:serving:request_latency_sum{model_name="digits",API="",entrypoint="REST"} 2820
:tensorflow:serving:request_latency_count{model_name="digits",API="",entrypoint="REST"} 30
"""


@pytest.fixture(scope="module")
def metrics() -> Any:
    specification = importlib.util.spec_from_file_location("instance_metrics", PATH)
    assert specification
    assert specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_counts_one_model_s_predictions_and_only_the_server_s_errors_as_such(metrics: Any) -> None:
    since_the_start = metrics.difference({}, metrics.parse(PAGE, "digits"))

    # Ten predictions and eight failures. The other thirty were looks at the model, as health checks are.
    assert since_the_start == {"Requests": 18, "Errors": 1, "Latency": 3.0}


def test_health_checks_do_not_count_as_requests(metrics: Any) -> None:
    before = metrics.parse(PAGE, "digits")
    later = (
        PAGE.replace('status="OK"} 40', 'status="OK"} 70').replace("} 2820", "} 5640").replace('REST"} 30', 'REST"} 60')
    )

    assert metrics.difference(before, metrics.parse(later, "digits")) == {"Requests": 0, "Errors": 0}


def test_an_unknown_signature_is_the_client_s_fault(metrics: Any) -> None:
    before = metrics.parse(PAGE, "digits")
    later = PAGE.replace('status="FAILED_PRECONDITION"} 5', 'status="FAILED_PRECONDITION"} 10')

    assert metrics.difference(before, metrics.parse(later, "digits")) == {"Requests": 5, "Errors": 0}


def test_reports_only_changes_since_the_last_report(metrics: Any) -> None:
    before = metrics.parse(PAGE, "digits")
    later = (
        PAGE.replace('status="OK"} 40', 'status="OK"} 44')
        .replace("} 21000", "} 29000")
        .replace('REST"} 7', 'REST"} 11')
    )

    assert metrics.difference(before, metrics.parse(later, "digits")) == {"Requests": 4, "Errors": 0, "Latency": 2.0}


def test_without_requests_there_is_no_latency(metrics: Any) -> None:
    counters = metrics.parse(PAGE, "digits")

    assert metrics.difference(counters, counters) == {"Requests": 0, "Errors": 0}


def test_a_restarted_server_counts_from_zero(metrics: Any) -> None:
    before = metrics.parse(PAGE.replace('status="OK"} 40', 'status="OK"} 1000'), "digits")

    assert metrics.difference(before, metrics.parse(PAGE, "digits"))["Requests"] == 18


CAPTURING = f"""{PAGE}
# TYPE model_server:captured_requests counter
model_server:captured_requests 900
# TYPE model_server:dropped_captures counter
model_server:dropped_captures{{reason="not_delivered"}} 20
model_server:dropped_captures{{reason="not_json"}} 0
model_server:dropped_captures{{reason="queue_full"}} 3
model_server:dropped_captures{{reason="too_large"}} 1
"""


def test_counts_dropped_captures_of_all_reasons_where_the_server_captures(metrics: Any) -> None:
    before = metrics.parse(CAPTURING, "digits")
    later = CAPTURING.replace('"not_delivered"} 20', '"not_delivered"} 25').replace('"too_large"} 1', '"too_large"} 3')

    assert metrics.difference({}, before)["DroppedCaptures"] == 24
    assert metrics.difference(before, metrics.parse(later, "digits")) == {
        "Requests": 0,
        "Errors": 0,
        "DroppedCaptures": 7,
        "DroppedByReason": {"not_delivered": 5, "too_large": 2},
    }


def test_no_dropped_capture_is_a_number_too_which_an_alarm_sees(metrics: Any) -> None:
    counters = metrics.parse(CAPTURING, "digits")

    assert metrics.difference(counters, counters)["DroppedCaptures"] == 0


def test_a_server_that_does_not_capture_has_no_number_of_dropped_captures(metrics: Any) -> None:
    assert "DroppedCaptures" not in metrics.difference({}, metrics.parse(PAGE, "digits"))


def test_reasons_are_in_the_event_and_no_metrics(metrics: Any) -> None:
    settings = {"fleet": "Stack/Group", "model": "digits", "namespace": "CdkTensorFlow"}

    event = metrics.event(settings, "i-1", metrics.difference({}, metrics.parse(CAPTURING, "digits")))

    [described] = event["_aws"]["CloudWatchMetrics"]
    assert described["Metrics"][-1] == {"Name": "DroppedCaptures", "Unit": "Count"}
    assert (len(described["Metrics"]), event["DroppedCaptures"]) == (4, 24)
    assert event["DroppedByReason"] == {"not_delivered": 20, "queue_full": 3, "too_large": 1}


class Sent:
    """A stream that keeps the values of its events."""

    def __init__(self) -> None:
        self.requests: list[float] = []

    def put(self, events: list[Any]) -> int:
        self.requests += [json.loads(event["message"])["Requests"] for event in events]
        return 0


class Refusing(Sent):
    """A stream that CloudWatch does not take once."""

    def __init__(self) -> None:
        super().__init__()
        self.refuses = True

    def put(self, events: list[Any]) -> int:
        if self.refuses:
            self.refuses = False
            raise NotSentError("An error occurred (ThrottlingException) when calling the PutLogEvents operation")
        return super().put(events)


def reported(metrics: Any, monkeypatch: pytest.MonkeyPatch, *pages: Any, stream: Sent | None = None) -> list[float]:
    """The requests in the events that a program sends which reads these pages, one after another."""
    answers = iter(pages)

    def read(_: str) -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    monkeypatch.setattr(metrics, "read", read)
    settings, before = {"url": "", "model": "digits", "fleet": "f", "namespace": "n"}, None
    stream = stream or Sent()
    for _ in pages:
        before = metrics.report(settings, "i-1", stream, before)
    return stream.requests


NOT_STARTED = urllib.error.URLError(ConnectionRefusedError(111, "Connection refused"))
BUSY = urllib.error.URLError(TimeoutError("timed out"))
MORE = PAGE.replace('status="OK"} 40', 'status="OK"} 44')


def test_the_first_minute_of_a_server_counts(metrics: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert reported(metrics, monkeypatch, NOT_STARTED, PAGE, MORE) == [18, 4]


def test_the_first_minute_after_a_crash_counts_also_when_it_was_busier_than_all_time_before(
    metrics: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert reported(metrics, monkeypatch, PAGE, NOT_STARTED, MORE) == [22]


def test_what_a_server_answered_before_this_program_started_again_is_not_counted_twice(
    metrics: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert reported(metrics, monkeypatch, PAGE, MORE) == [4]


@pytest.mark.parametrize(
    "problem",
    [BUSY, TimeoutError("timed out"), ConnectionResetError(104, "reset"), IncompleteRead(b"half a page")],
    ids=repr,
)
def test_a_server_that_is_too_busy_to_be_read_has_not_lost_its_counters(
    metrics: Any, monkeypatch: pytest.MonkeyPatch, problem: Exception
) -> None:
    assert reported(metrics, monkeypatch, PAGE, problem, MORE) == [4]


def test_requests_that_cloudwatch_did_not_take_are_in_the_next_event(
    metrics: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = MORE.replace('status="OK"} 44', 'status="OK"} 47')

    assert reported(metrics, monkeypatch, PAGE, MORE, later, stream=Refusing()) == [7]


def test_the_event_names_metrics_units_and_dimensions_as_cloudwatch_reads_them(metrics: Any) -> None:
    settings = {"fleet": "Stack/Group", "model": "digits", "namespace": "CdkTensorFlow"}

    event = metrics.event(settings, "i-1", {"Requests": 4, "Errors": 0, "Latency": 2.0})

    [described] = event["_aws"]["CloudWatchMetrics"]
    assert described["Namespace"] == "CdkTensorFlow"
    assert described["Dimensions"] == [["FleetName", "ModelName"]]
    assert {metric["Name"]: metric["Unit"] for metric in described["Metrics"]} == {
        "Requests": "Count",
        "Errors": "Count",
        "Latency": "Milliseconds",
    }
    assert {name: event[name] for name in ("FleetName", "ModelName", "Requests", "Latency")} == {
        "FleetName": "Stack/Group",
        "ModelName": "digits",
        "Requests": 4,
        "Latency": 2.0,
    }
