"""The process: what its log says, how it starts and does not, and what breaks it."""

from __future__ import annotations

import base64
import gzip
import json
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from stand_in_runtime_api import EndedError
from test_log import LAMBDA, check_metrics

if TYPE_CHECKING:
    from collections.abc import Callable

    from stand_in_runtime_api import Function

FIXED = {"FunctionName": "digits-function", "FunctionVersion": "7", "ModelName": "tiny", "ModelVersion": "3"}
HTTP: dict[str, Any] = {"rawPath": "/v1/models/tiny:predict", "requestContext": {"http": {"method": "POST"}}}
ROW = {"data": [1, 2]}


def lines(function: Function, count: int) -> list[dict[str, Any]]:
    """Return the log when it has so many lines: they are written after the answer, and read by a thread."""
    deadline = time.monotonic() + 10
    while len(function.lines) < count and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(function.lines) == count
    return function.log()


def test_a_start_and_an_answer_are_logged_in_one_line_each(
    start: Callable[..., Function], models: dict[str, str]
) -> None:
    function = start(models["signatures"], **LAMBDA)
    assert function.invoke(ROW).value == {"prediction": [[2.0, 4.0]]}
    loaded, answered = lines(function, 2)
    check_metrics(loaded, {"ModelLoadTime": "Milliseconds"})
    check_metrics(answered, {"Latency": "Milliseconds", "Errors": "Count"})
    del loaded["_aws"], answered["_aws"]
    assert 0 < loaded.pop("ModelLoadTime") < 60_000
    assert loaded == {**FIXED, "level": "INFO", "message": "model loaded", "runtime": "native"}
    assert 0 < answered.pop("Latency") < 60_000
    assert answered == {
        **FIXED,
        "level": "INFO",
        "message": "answered",
        "status": 200,
        "Errors": 0,
        "requestId": "request-1",
    }


def test_a_refused_request_is_a_warning_with_its_trace(start: Callable[..., Function], models: dict[str, str]) -> None:
    function = start(models["signatures"], **LAMBDA)
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    answer = function.invoke({"data": 1}, Lambda_Runtime_Trace_Id=trace).value
    _, refused = lines(function, 2)
    assert (refused["level"], refused["status"], refused["Errors"]) == ("WARN", 400, 0)
    assert refused["message"] == answer["error"]
    assert refused["traceId"] == "1-5759e988-bd862e3fe1be46a994272793"


def test_without_a_namespace_only_the_start_is_logged_and_no_metrics(
    start: Callable[..., Function], models: dict[str, str]
) -> None:
    function = start(models["signatures"])
    function.invoke(ROW)
    function.invoke({"data": 1})
    (loaded,) = lines(function, 1)
    assert "_aws" not in loaded
    assert (loaded["FunctionName"], loaded["FunctionVersion"]) == ("local", "$LATEST")


def test_the_name_can_be_another_than_that_of_the_file(start: Callable[..., Function], models: dict[str, str]) -> None:
    function = start(models["signatures"], MODEL_NAME="shop")
    event = {**HTTP, "rawPath": "/v1/models/shop:predict", "body": '{"instances": [[1, 2]]}'}
    assert function.invoke(event).value["statusCode"] == 200
    assert function.invoke({**event, "rawPath": "/v1/models/tiny:predict"}).value["statusCode"] == 404


def test_several_threads_answer_as_one_thread_does(start: Callable[..., Function], models: dict[str, str]) -> None:
    event = {"instances": [[[[x * y / 64] for x in range(8)] for y in range(8)]] * 3}
    single, three = start(models["conv"]), start(models["conv"], MODEL_THREADS="3")
    found, expected = three.invoke(event).value["predictions"], single.invoke(event).value["predictions"]
    assert [pytest.approx(row, rel=1e-5, abs=1e-6) for row in expected] == found
    assert threads(three) > threads(single)


def threads(function: Function) -> int:
    return len(list(Path(f"/proc/{function.process.pid}/task").iterdir()))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"LITERT_LIBRARY": "/nowhere/libLiteRt.so"}, "cannot load the LiteRT library /nowhere/libLiteRt.so: "),
        ({"MODEL_DIR": "/nowhere"}, "cannot read /nowhere/model.json: No such file or directory"),
        ({"MODEL_THREADS": "many"}, "MODEL_THREADS is 'many', allowed: 1 to 1024"),
    ],
)
def test_a_function_that_lacks_something_does_not_start_and_says_why(
    change: dict[str, str], reason: str, start: Callable[..., Function], models: dict[str, str]
) -> None:
    function = start(change.get("MODEL_DIR", models["dense"]), **change)
    posted = function.next_post()
    assert posted.where == "init/error"
    assert posted.value["errorMessage"].startswith(reason)
    assert reason in function.printed()
    assert function.process.returncode == 1


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("dense", {"schemaVersion": 2}, "model.json has schema version 2, this program reads 1"),
        (
            "dense",
            {"resetState": True},
            "from its initial state, which the native runtime cannot do",
        ),
        ("dense", {"defaultSignature": "other"}, "names the default signature 'other', which it lacks"),
        ("dense", {"version": "three"}, "is not a model description"),
        ("dense", {"file": "../model.tflite"}, "names the file '../model.tflite', which is not beside it"),
        ("same", {}, "two outputs of the file are one tensor, which LiteRT's C interface confuses"),
    ],
)
def test_a_model_that_cannot_be_served_is_refused_at_the_start(
    name: str,
    change: dict[str, Any],
    reason: str,
    start: Callable[..., Function],
    models: dict[str, str],
    tmp_path: Path,
) -> None:
    text = json.loads(Path(models[name], "model.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps({**text, **change}))
    (tmp_path / "model.tflite").write_bytes(Path(models[name], "model.tflite").read_bytes())
    assert reason in start(str(tmp_path)).next_post().value["errorMessage"]


def test_a_file_that_is_not_a_model_is_refused_with_litert_s_own_message(
    start: Callable[..., Function], models: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "model.json").write_text(Path(models["dense"], "model.json").read_text())
    (tmp_path / "model.tflite").write_bytes(b"no model at all" * 10)
    message = start(str(tmp_path)).next_post().value["errorMessage"]
    assert message.startswith("LiteRT cannot load the model: LiteRtCreateModelFromFile failed with LiteRtStatus")
    assert not message.endswith("; no reason given")


@pytest.mark.parametrize("name", ["passing", "constant"])
def test_outputs_that_nothing_computes_are_answered(
    name: str, start: Callable[..., Function], models: dict[str, str]
) -> None:
    function = start(models[name])
    for x in (1.0, -2.0):
        if name == "passing":
            answer = function.invoke({"inputs": {"x": [[x, 2]], "z": [[3, 4]]}}).value["outputs"]
            assert answer == {"also": [[3.0, 4.0]], "passed": [[x, 2.0]], "sum": [[x + 3, 6.0]]}
        else:
            answer = function.invoke({"inputs": [[x, 2]]}).value["outputs"]
            assert answer == {"factors": [[1.5, 2.5]], "y": [[1.5 * x, 5.0]]}


def test_two_names_of_one_signature_give_equal_answers(
    start: Callable[..., Function], models: dict[str, str], tmp_path: Path
) -> None:
    text = json.loads(Path(models["dense"], "model.json").read_text())
    text["signatures"]["serve"] = {**text["signatures"]["serving_default"], "fileSignature": "serving_default"}
    (tmp_path / "model.json").write_text(json.dumps(text))
    (tmp_path / "model.tflite").write_bytes(Path(models["dense"], "model.tflite").read_bytes())
    function = start(str(tmp_path))
    row = {"instances": [[1, 2, 3, 4]]}
    assert function.invoke({**row, "signature_name": "serve"}).value == function.invoke(row).value


def test_labels_name_the_classes(start: Callable[..., Function], models: dict[str, str], tmp_path: Path) -> None:
    from model_server import events, load

    text = json.loads(Path(models["dense"], "model.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps({**text, "labels": ["ä", 'b"', "c"]}))
    (tmp_path / "model.tflite").write_bytes(Path(models["dense"], "model.tflite").read_bytes())
    function = start(str(tmp_path))
    model = load(str(tmp_path))
    for event in ({"instances": [[1, 2, 3, 4], [4, 3, 2, 1]]}, {"data": [0, 0, 0, 0]}, {"inputs": [[1, 0, 0, 0]]}):
        found, expected = function.invoke(event).value, events.answer(model, event)
        assert [[entry["label"] for entry in row] for row in found["classes"]] == [
            [entry["label"] for entry in row] for row in expected["classes"]
        ]
        for row in found["classes"]:
            assert row[0]["score"] >= row[-1]["score"]
    model.close()


@pytest.mark.fault
def test_a_crash_of_the_library_takes_one_invocation_with_it(
    start: Callable[..., Function], models: dict[str, str]
) -> None:
    function = start(models["dense"])
    assert function.invoke({"data": [1, 2, 3, 4]}).where == "response"
    function.process.send_signal(signal.SIGABRT)  # as a failed check of the native library does
    with pytest.raises(EndedError) as ended:
        function.invoke({"data": [1, 2, 3, 4]})
    assert ended.value.status == -signal.SIGABRT
    assert start(models["dense"]).invoke({"data": [1, 2, 3, 4]}).where == "response"


def test_a_proxy_of_the_environment_is_not_for_the_runtime_api(
    start: Callable[..., Function], models: dict[str, str]
) -> None:
    nowhere = dict.fromkeys(("http_proxy", "HTTP_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")
    assert start(models["signatures"], **nowhere).invoke(ROW).value == {"prediction": [[2.0, 4.0]]}


def test_the_process_ends_when_the_runtime_api_is_gone(start: Callable[..., Function], models: dict[str, str]) -> None:
    function = start(models["dense"], AWS_LAMBDA_RUNTIME_API="127.0.0.1:1")
    assert "the Runtime API cannot be asked" in function.printed()
    assert function.process.returncode == 1


@pytest.mark.parametrize(
    "event",
    [
        {"Records": [{"messageId": "1", "body": '{"data": [1, 2, 3, 4]}', "eventSource": "aws:sqs"}]},
        {"detail-type": "Scheduled Event", "source": "aws.events", "detail": {}},
    ],
)
def test_an_event_of_a_source_that_deletes_what_is_answered_fails_its_invocation(
    event: dict[str, Any], start: Callable[..., Function], models: dict[str, str]
) -> None:
    function = start(models["dense"], **LAMBDA)
    assert function.invoke(event).where == "error"
    _, failed = lines(function, 2)
    assert "is no request, put a function of yours before this one" in failed["message"]
    assert function.invoke({"data": [1, 2, 3, 4]}).where == "response"


LATE = "the request could not be answered within the function's timeout; send fewer rows"


def test_rows_that_cannot_be_computed_in_time_are_answered_before_lambda_ends_the_invocation(
    start: Callable[..., Function], models: dict[str, str]
) -> None:
    function = start(models["signatures"])
    now = {"Lambda_Runtime_Deadline_Ms": str(int(time.time() * 1000) + 100)}
    event = {**HTTP, "body": '{"instances": [[1, 2], [3, 4]]}'}
    late = function.invoke(event, **now).value
    assert (late["statusCode"], json.loads(late["body"])) == (504, {"error": LATE})
    direct = function.invoke({"instances": [[1, 2]]}, **now)
    assert (direct.where, direct.value["errorMessage"]) == ("error", LATE)
    assert [line["status"] for line in lines(function, 3)[1:]] == [504, 504]
    assert function.invoke(event).value["statusCode"] == 200


def test_a_body_that_cannot_be_unzipped_in_time_is_answered_before_lambda_ends_the_invocation(
    start: Callable[..., Function], models: dict[str, str]
) -> None:
    function = start(models["signatures"])
    body = base64.b64encode(gzip.compress(b'{"instances": [[1, 2]]}')).decode()
    event = {**HTTP, "headers": {"content-encoding": "gzip"}, "body": body, "isBase64Encoded": True}
    late = function.invoke(event, Lambda_Runtime_Deadline_Ms=str(int(time.time() * 1000) + 100)).value
    assert (late["statusCode"], json.loads(late["body"])) == (504, {"error": LATE})
    assert function.invoke(event).value["statusCode"] == 200


def test_an_event_of_a_source_says_in_the_payload_of_its_failure_what_is_wrong(
    start: Callable[..., Function], models: dict[str, str]
) -> None:
    from test_source_events import SOURCES

    function = start(models["signatures"])
    for event, source in SOURCES:
        posted = function.invoke(event)
        sentence = f"an event of {source} is no request, put a function of yours before this one: "
        assert posted.where == "error", event
        assert posted.value["errorMessage"].startswith(sentence)
    assert function.invoke({"data": 1}).where == "response", "a caller waits for it"


def test_a_load_balancer_with_lists_of_headers_gets_lists(
    start: Callable[..., Function], models: dict[str, str]
) -> None:
    function = start(models["signatures"])
    event = {
        "httpMethod": "POST",
        "path": "/v1/models/tiny:predict",
        "requestContext": {"elb": {}},
        "body": '{"instances": [[1, 2]]}',
    }
    lists = function.invoke({**event, "multiValueHeaders": {"accept": ["*/*"]}}).value
    assert lists["multiValueHeaders"] == {"content-type": ["application/json"]}
    assert (lists["statusCode"], json.loads(lists["body"])) == (200, {"predictions": [[2.0, 4.0]]})
    assert "multiValueHeaders" not in function.invoke({**event, "headers": {}, "multiValueHeaders": {}}).value
