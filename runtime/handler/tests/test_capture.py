"""Lines of requests in the log, from where they are captured."""

from __future__ import annotations

import json
from base64 import b64encode
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from model_server import events
from model_server.capture import LARGEST_LINE, Capture, is_sampled
from model_server.hook import Hook
from model_server.log import Log
from pydantic import ValidationError
from redaction_cases import IMPOSSIBLE, REDACTED
from tensorflow_optimizer.documents.captured_request import CapturedRequest
from test_log import FIXED, LAMBDA, check_metrics

if TYPE_CHECKING:
    from collections.abc import Callable

    from model_server import Model

BODY = '{"instances": [[1, 2]],\n"signature_name": "serving_default"}'
IN_SAMPLE, NOT_IN_SAMPLE = "3fffffff-0000-4000-8000-000000000000", "40000000-0000-4000-8000-000000000000"


def http(body: str, verb: str = ":predict", method: str = "POST", **members: Any) -> dict[str, Any]:
    context = {"http": {"method": method}}
    return {"rawPath": f"/v1/models/tiny{verb}", "requestContext": context, "body": body, **members}


@pytest.fixture
def captured(
    load_model: Callable[..., Model], capsys: pytest.CaptureFixture[str]
) -> Callable[..., list[dict[str, Any]]]:
    """Give the lines that an event makes, parsed."""

    def written(
        event: Any,
        request: str | None = None,
        rate: str = "1",
        hook: Hook | None = None,
        *,
        name: str = "signatures",
        redact: str | None = None,
    ) -> Any:
        model = load_model(name)
        capture = Capture(rate, model, hook, Log(model.description, LAMBDA), redact)
        capture.begin(request)
        status, _, answer = events.respond(model, event, hook)
        assert status == 200
        capture.answered(request, event, answer)
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return written


@pytest.mark.parametrize(
    "event", [http(BODY), http("\ufeff" + BODY), http(b64encode(BODY.encode()).decode(), isBase64Encoded=True)]
)
def test_a_request_by_http_is_captured_with_its_answer(event: Any, captured: Callable[..., Any]) -> None:
    (record,) = captured(event)
    found = CapturedRequest.model_validate(record)
    assert (found.model_name, found.model_version, found.signature_name) == ("tiny", 3, "serving_default")
    assert found.request == json.loads(BODY)
    assert found.answer == {"predictions": [[2.0, 4.0]]}


def test_a_direct_request_is_captured(captured: Callable[..., Any]) -> None:
    (record,) = captured({"data": [1, 2]})
    assert CapturedRequest.model_validate(record).answer == {"prediction": [[2.0, 4.0]]}


def test_the_line_begins_as_the_subscription_filter_expects(
    load_model: Callable[..., Model], capsys: pytest.CaptureFixture[str]
) -> None:
    model = load_model("signatures")
    event = {"data": [1, 2]}
    Capture("1", model, None, Log(model.description, {})).answered(None, event, events.answer(model, event))
    line = capsys.readouterr().out
    assert line.startswith('{"schemaVersion":1,"time":"')
    assert line.endswith("}\n")
    assert line.count("\n") == 1


@pytest.mark.parametrize("verb", ["", "/metadata"])
def test_other_requests_are_not_captured(verb: str, captured: Callable[..., Any]) -> None:
    assert captured(http("", verb, "GET")) == []


def test_the_sample_is_by_the_request_id(captured: Callable[..., Any]) -> None:
    assert len(captured(http(BODY), IN_SAMPLE, "0.25")) == 1
    assert captured(http(BODY), NOT_IN_SAMPLE, "0.25") == []
    assert captured(http(BODY), None, "0.25") == []
    assert not is_sampled("no hexadecimal", 0.99)


@pytest.mark.parametrize("rate", ["0", "1.5", "nan", "-1", "half"])
def test_an_impossible_rate_ends_the_start(rate: str, load_model: Callable[..., Model]) -> None:
    model = load_model("signatures")
    with pytest.raises(ValueError, match=r"CAPTURE_RATE|could not convert"):
        Capture(rate, model, None, Log(model.description, {}))


@pytest.mark.fault
@pytest.mark.parametrize(
    ("event", "why"),
    [
        (http(json.dumps({"instances": [[1, 2]], "note": "x" * LARGEST_LINE})), "more than 200000 bytes"),
        ({"instances": [[1.25, 2.25]] * 20_000}, "more than 200000 bytes"),
        (http('{"instances": [[NaN, 2]]}'), "NaN"),
        ({"data": [float("inf"), 1]}, "infinity"),
        ({"data": [3e38, 1]}, "infinity"),
        ({"data": [1, 2], "note": float("nan")}, "NaN"),
    ],
    ids=["HTTP", "direct", "NaN", "infinity", "infinity in the answer alone", "NaN in the request alone"],
)
def test_what_cannot_be_captured_is_counted(event: Any, why: str, captured: Callable[..., Any]) -> None:
    (record,) = captured(event, IN_SAMPLE)
    check_metrics(record, {"DroppedCaptures": "Count"})
    assert why in record.pop("message")
    del record["_aws"]
    assert record == {**FIXED, "level": "WARN", "requestId": IN_SAMPLE, "DroppedCaptures": 1}


@pytest.mark.fault
def test_any_failure_of_the_capture_is_counted_and_the_request_answered(
    captured: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise KeyError("decades")

    monkeypatch.setattr(Capture, "_write", fail)
    (record,) = captured({"data": [1, 2]}, IN_SAMPLE)
    check_metrics(record, {"DroppedCaptures": "Count"})
    assert (record["message"], record["level"]) == ("request not captured: KeyError: 'decades'", "WARN")


def test_the_largest_line_is_captured_with_its_end_and_none_that_is_larger(
    captured: Callable[..., Any],
) -> None:
    def with_note(length: int) -> Any:
        (record,) = captured({"data": [1, 2], "note": "x" * length}, IN_SAMPLE)
        return record

    room = LARGEST_LINE - len(json.dumps(with_note(0), separators=(",", ":")) + "\n")
    assert len(with_note(room)["request"]["note"]) == room
    assert "more than 200000 bytes" in with_note(room + 1)["message"]


def test_the_words_for_infinity_in_a_text_are_captured(captured: Callable[..., Any]) -> None:
    (record,) = captured(http('{"instances": [[1, 2]], "note": "NaN to Infinity"}'))
    assert record["request"]["note"] == "NaN to Infinity"


class TestRedaction:
    """Tests of the native program have the same cases: test_native_capture.py."""

    @pytest.mark.parametrize(("name", "event", "expected"), REDACTED)
    def test_values_of_a_named_input_are_null_and_the_others_stay(
        self, name: str, event: Any, expected: Any, captured: Callable[..., Any]
    ) -> None:
        given = json.dumps(event)
        (record,) = captured(event, name=name, redact='["x"]')
        assert CapturedRequest.model_validate(record).request == expected
        assert json.dumps(event) == given

    def test_a_request_by_http_is_redacted_and_its_answer_is_whole(self, captured: Callable[..., Any]) -> None:
        (record,) = captured(http('{"instances": [[1, 2]], "note": "of Ada Lovelace"}'), redact='["x"]')
        assert record["request"] == {"instances": [None]}
        assert record["answer"] == {"predictions": [[2.0, 4.0]]}

    def test_what_a_hook_made_is_redacted(self, captured: Callable[..., Any]) -> None:
        hook = Hook(lambda _: [[1, 2]], lambda _: "a picture")
        (record,) = captured(http("a photograph"), hook=hook, redact='["x"]')
        assert record["request"] == {"inputs": {"x": None}}

    @pytest.mark.parametrize(("redact", "problem"), IMPOSSIBLE)
    def test_an_unknown_input_ends_the_start_with_those_that_exist(
        self, redact: str, problem: str, load_model: Callable[..., Model]
    ) -> None:
        model = load_model("signatures")
        with pytest.raises(ValueError, match=r"^CAPTURE_REDACT") as error:
            Capture("1", model, None, Log(model.description, {}), redact)
        assert str(error.value) == problem


class TestHook:
    def test_what_the_model_got_and_gave_is_captured(self, captured: Callable[..., Any]) -> None:
        def postprocess(outputs: dict[str, Any]) -> str:
            next(iter(outputs.values())).clear()
            return "a picture"

        hook = Hook(lambda _: [[1, 2]], postprocess)
        (record,) = captured(http("a photograph"), hook=hook)
        found = CapturedRequest.model_validate(record)
        (inputs,) = found.request["inputs"].values()
        assert inputs == [[1, 2]]
        assert found.answer == {"outputs": [[2.0, 4.0]]}

    def test_a_request_that_the_hook_does_not_see_is_not_captured(self, captured: Callable[..., Any]) -> None:
        hook = Hook(lambda _: [[1, 2]], None)
        assert len(captured(http("x"), hook=hook)) == 1
        assert captured(http("", "", "GET"), hook=hook) == []


def test_a_document_without_answer_is_none() -> None:
    with pytest.raises(ValidationError):
        CapturedRequest.model_validate({"request": {"instances": []}})


class TestFunction:
    """index.py."""

    @pytest.fixture
    def handler(self, models: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Any:
        import sys

        for name, value in {**LAMBDA, "MODEL_DIR": models["signatures"], "CAPTURE_RATE": "1"}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delitem(sys.modules, "index", raising=False)
        import index

        return index.handler

    def test_a_version_checks_requests_are_neither_captured_nor_counted(
        self, handler: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        context = SimpleNamespace(aws_request_id=IN_SAMPLE)
        event = http(BODY)
        capsys.readouterr()
        handler(event, context)
        assert len(capsys.readouterr().out.splitlines()) == 2
        event["requestContext"]["versionCheck"] = True
        assert handler(event, context)["statusCode"] == 200
        assert capsys.readouterr().out == ""

    def test_a_refused_request_is_not_captured(self, handler: Any, capsys: pytest.CaptureFixture[str]) -> None:
        capsys.readouterr()
        assert handler(http("{}"), SimpleNamespace(aws_request_id=IN_SAMPLE))["statusCode"] == 400
        (line,) = capsys.readouterr().out.splitlines()
        assert json.loads(line)["status"] == 400
