"""Log of the function: JSON, a line for each request, with the metrics that CloudWatch extracts."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from model_server import events
from model_server.log import DIMENSIONS, Log

if TYPE_CHECKING:
    from collections.abc import Callable

    from model_server import Model

LAMBDA = {
    "METRIC_NAMESPACE": "Models",
    "AWS_LAMBDA_FUNCTION_NAME": "digits-function",
    "AWS_LAMBDA_FUNCTION_VERSION": "7",
}
FIXED = {"FunctionName": "digits-function", "FunctionVersion": "7", "ModelName": "tiny", "ModelVersion": "3"}


@pytest.fixture
def lines(
    load_model: Callable[..., Model], capsys: pytest.CaptureFixture[str]
) -> Callable[[dict[str, str], Callable[[Log], None]], list[dict[str, Any]]]:
    """Give what is written in an environment, parsed."""

    def written(environment: dict[str, str], write: Callable[[Log], None]) -> list[dict[str, Any]]:
        write(Log(load_model("dense").description, environment))
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return written


def check_metrics(record: dict[str, Any], expected: dict[str, str]) -> None:
    """Check a line against CloudWatch's specification: what its directive names must be in the line."""
    metadata = record["_aws"]
    assert abs(metadata["Timestamp"] - time.time() * 1000) < 600_000
    (directive,) = metadata["CloudWatchMetrics"]
    assert directive["Namespace"] == "Models"
    assert directive["Dimensions"] == DIMENSIONS
    assert {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]} == expected
    for name in expected:
        assert isinstance(record[name], (int, float))
    for dimension in (name for names in DIMENSIONS for name in names):
        assert isinstance(record[dimension], str)
        assert record[dimension]


def test_a_start_is_a_line_with_the_time_that_the_model_took_to_load(lines: Callable[..., Any]) -> None:
    (record,) = lines(LAMBDA, lambda log: log.loaded("numpy", 4.25))

    check_metrics(record, {"ModelLoadTime": "Milliseconds"})
    del record["_aws"]
    assert record == {**FIXED, "level": "INFO", "message": "model loaded", "runtime": "numpy", "ModelLoadTime": 4.25}


def test_an_answer_is_one_line_with_latency_and_no_error(lines: Callable[..., Any]) -> None:
    (record,) = lines(LAMBDA, lambda log: log.answered("request-1", 200, None, 1.5))

    check_metrics(record, {"Latency": "Milliseconds", "Errors": "Count"})
    del record["_aws"]
    assert record == {
        **FIXED,
        "level": "INFO",
        "message": "answered",
        "status": 200,
        "requestId": "request-1",
        "Latency": 1.5,
        "Errors": 0,
    }


def test_a_refused_request_is_a_warning_that_says_why_and_no_error(lines: Callable[..., Any]) -> None:
    (record,) = lines(LAMBDA, lambda log: log.answered("request-1", 400, 'the "body"\nis empty', 1))

    assert (record["level"], record["message"], record["status"], record["Errors"]) == (
        "WARN",
        'the "body"\nis empty',
        400,
        0,
    )


def test_a_failure_is_an_error_with_its_traceback(lines: Callable[..., Any]) -> None:
    def fail(log: Log) -> None:
        try:
            raise KeyError("x")
        except KeyError as error:
            log.failed("request-1", error, 2, status=500, answered=True)

    (record,) = lines(LAMBDA, fail)

    check_metrics(record, {"Latency": "Milliseconds", "Errors": "Count"})
    assert (record["level"], record["message"], record["status"], record["Errors"]) == (
        "ERROR",
        "KeyError: 'x'",
        500,
        1,
    )
    assert "in fail" in record["traceback"]


@pytest.mark.parametrize(("status", "level", "errors"), [(499, "WARN", 0), (500, "ERROR", 1), (503, "ERROR", 1)])
def test_a_hooks_own_5xx_counts_as_an_error(status: int, level: str, errors: int, lines: Callable[..., Any]) -> None:
    (record,) = lines(LAMBDA, lambda log: log.answered("request-1", status, "the shop is closed", 1))

    assert (record["level"], record["Errors"]) == (level, errors)


@pytest.mark.parametrize(
    "header",
    [
        "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
        "Root=1-5759e988-bd862e3fe1be46a994272793",
    ],
)
def test_each_request_is_logged_with_its_own_x_ray_trace(header: str, lines: Callable[..., Any]) -> None:
    environment = dict(LAMBDA)

    def requests(log: Log) -> None:
        log.answered("request-1", 200, None, 1)
        environment["_X_AMZN_TRACE_ID"] = header  # set by the runtime, anew for each request
        log.answered("request-2", 200, None, 1)

    first, second = lines(environment, requests)

    assert "traceId" not in first
    assert second["traceId"] == "1-5759e988-bd862e3fe1be46a994272793"


def test_without_a_namespace_only_the_start_and_failures_are_logged_and_no_metrics(lines: Callable[..., Any]) -> None:
    def requests(log: Log) -> None:
        log.loaded("numpy", 1)
        log.answered("request-1", 200, None, 1)
        log.answered("request-2", 400, "no", 1)
        log.failed("request-3", ValueError("why"), 1, status=504, answered=True)
        log.answered("request-4", 500, "closed", 1)

    start, failure, closed = lines({}, requests)

    assert (start["message"], failure["message"], closed["message"]) == ("model loaded", "ValueError: why", "closed")
    assert "_aws" not in {*start, *failure, *closed}


@pytest.mark.parametrize(
    ("event", "status", "problem"),
    [
        ({"instances": [[1, 2, 3, 4]]}, 200, None),
        ({"data": 1}, 400, "a list of 4"),
        ({"rawPath": "/", "requestContext": {"http": {"method": "GET"}}}, 404, "unknown path"),
        ({"rawPath": "/v1/models/tiny", "requestContext": {"http": {"method": "GET"}}}, 200, None),
    ],
)
def test_the_status_in_the_log_is_that_of_the_answer(
    event: Any, status: int, problem: str | None, load_model: Callable[..., Model]
) -> None:
    logged, why, answer = events.respond(load_model("dense"), event)

    assert logged == answer.get("statusCode", status) == status
    assert why is None if problem is None else problem in (why or "")
    assert answer == events.answer(load_model("dense"), event)
