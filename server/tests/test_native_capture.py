"""Lines that the native function writes of the requests in the sample: those that the Python handler writes."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest
from model_server.capture import LARGEST_LINE
from redaction_cases import IMPOSSIBLE, REDACTED
from tensorflow_optimizer.documents.captured_request import CapturedRequest
from test_log import LAMBDA, check_metrics
from test_native_process import FIXED, HTTP, ROW, lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from stand_in_runtime_api import Function

    Start = Callable[..., Function]

BODY = '{"instances": [[1, 2]],\r\n"signature_name": "serving_default"}'


def captured(function: Function, event: Any) -> dict[str, Any]:
    """Return the one line that an event adds to the log."""
    lines(function, 1)
    function.invoke(event)
    return lines(function, 2)[1]


@pytest.fixture
def capturing(start: Start, models: dict[str, str]) -> Function:
    return start(models["signatures"], CAPTURE_RATE="1")


@pytest.mark.parametrize(
    "event",
    [
        {**HTTP, "body": BODY},
        {**HTTP, "body": "\ufeff" + BODY},
        {**HTTP, "body": b64encode(BODY.encode()).decode(), "isBase64Encoded": True},
    ],
    ids=["text", "byte order mark", "base64"],
)
def test_a_request_by_http_is_captured_with_its_answer(capturing: Function, event: Any) -> None:
    found = CapturedRequest.model_validate(captured(capturing, event))
    assert (found.model_name, found.model_version, found.signature_name) == ("tiny", 3, "serving_default")
    assert found.request == json.loads(BODY)
    assert found.answer == {"predictions": [[2.0, 4.0]]}


def test_a_direct_request_is_captured(capturing: Function) -> None:
    found = CapturedRequest.model_validate(captured(capturing, ROW))
    assert (found.request, found.answer) == (ROW, {"prediction": [[2.0, 4.0]]})
    assert capturing.lines[1].startswith('{"schemaVersion":1,"time":"')


def test_other_and_refused_requests_are_not_captured(capturing: Function) -> None:
    for event in (
        {"rawPath": "/v1/models/tiny", "requestContext": {"http": {"method": "GET"}}},
        {**HTTP, "body": "{}"},
        {"data": 1},
    ):
        capturing.invoke(event)
    captured_after = capturing.invoke(ROW)
    assert captured_after.value == {"prediction": [[2.0, 4.0]]}
    assert lines(capturing, 2)[1]["request"] == ROW


def test_a_version_checks_requests_are_neither_captured_nor_counted(start: Start, models: dict[str, str]) -> None:
    function = start(models["signatures"], CAPTURE_RATE="1", **LAMBDA)
    context = {**HTTP["requestContext"], "versionCheck": True}
    assert function.invoke({**HTTP, "requestContext": context, "body": BODY}).value["statusCode"] == 200
    assert function.invoke({**HTTP, "requestContext": context, "body": "{}"}).value["statusCode"] == 400
    function.invoke(ROW)
    _, answered, line = lines(function, 3)
    assert (answered["message"], line["request"]) == ("answered", ROW)


@pytest.mark.parametrize(
    ("event", "why"),
    [
        ({**HTTP, "body": json.dumps({"instances": [[1, 2]], "note": "x" * LARGEST_LINE})}, "more than 200000 bytes"),
        ({"instances": [[1.25, 2.25]] * 20_000}, "more than 200000 bytes"),
        ({**HTTP, "body": '{"instances": [[NaN, 2]]}'}, "NaN"),
    ],
    ids=["HTTP", "direct", "NaN"],
)
def test_what_cannot_be_captured_is_counted(start: Start, models: dict[str, str], event: Any, why: str) -> None:
    function = start(models["signatures"], CAPTURE_RATE="1", **LAMBDA)
    function.invoke(event)
    dropped = lines(function, 3)[2]
    check_metrics(dropped, {"DroppedCaptures": "Count"})
    assert why in dropped.pop("message")
    del dropped["_aws"]
    assert dropped == {**FIXED, "level": "WARN", "requestId": "request-1", "DroppedCaptures": 1}


def test_without_a_rate_and_outside_the_sample_nothing_is_captured(start: Start, models: dict[str, str]) -> None:
    for environment in ({}, {"CAPTURE_RATE": "0.5"}):  # the stand-in's request ids are no UUIDs: in no sample
        function = start(models["signatures"], **environment)
        function.invoke(ROW)
        function.invoke(ROW)
        lines(function, 1)


def test_an_impossible_rate_ends_the_start(start: Start, models: dict[str, str]) -> None:
    posted = start(models["signatures"], CAPTURE_RATE="5").next_post()
    assert posted.where == "init/error"
    assert posted.value["errorMessage"] == "CAPTURE_RATE is '5', allowed: above 0, at most 1"


@pytest.mark.parametrize(("name", "event", "expected"), REDACTED)
def test_values_of_a_named_input_are_null_and_the_others_stay(
    start: Start, models: dict[str, str], name: str, event: Any, expected: Any
) -> None:
    function = start(models[name], CAPTURE_RATE="1", CAPTURE_REDACT='["x"]')
    found = CapturedRequest.model_validate(captured(function, event))
    assert found.request == expected


def test_a_request_by_http_is_redacted_and_its_answer_is_whole(start: Start, models: dict[str, str]) -> None:
    function = start(models["signatures"], CAPTURE_RATE="1", CAPTURE_REDACT='["x"]')
    line = captured(function, {**HTTP, "body": '\ufeff{"note": "of Ada Lovelace",\r\n"instances": [[1, 2],\n[3, 4]]}'})
    assert (line["request"], line["answer"]) == ({"instances": [None, None]}, {"predictions": [[2.0, 4.0], [6.0, 8.0]]})


@pytest.mark.parametrize(("redact", "problem"), IMPOSSIBLE)
def test_an_unknown_input_ends_the_start_with_those_that_exist(
    start: Start, models: dict[str, str], redact: str, problem: str
) -> None:
    posted = start(models["signatures"], CAPTURE_RATE="1", CAPTURE_REDACT=redact).next_post()
    assert (posted.where, posted.value["errorMessage"]) == ("init/error", problem)
