"""index.py in a process of its own, as Lambda starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCE = Path(__file__).parents[1] / "src"
#: Directory that holds NumPy, as the layer of the runtime does, among other packages.
PACKAGES = str(Path(np.__file__).parents[1])
BODY = '{"instances": [[1, 2]]}'
EVENT = {"rawPath": "/v1/models/tiny:predict", "requestContext": {"http": {"method": "POST"}}, "body": BODY}
PROGRAM = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
import index
context = None
{prepare}
answers = [index.handler(event, context) for event in json.loads(sys.argv[2])]
print(json.dumps({{"answers": answers, "modules": sorted(sys.modules)}}))
"""


@pytest.fixture
def start(models: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    # The interpreter of these tests, without its environment.
    python = getattr(sys, "_base_executable", sys.executable)

    def run(
        events: list[Any], path: str = "", prepare: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                python,
                "-I",
                "-B",
                "-c",
                PROGRAM.format(prepare=prepare),
                json.dumps([str(SOURCE), PACKAGES, path]),
                json.dumps(events),
            ],
            env={
                "PATH": os.environ["PATH"],
                "MODEL_DIR": models["signatures"],
                **environment,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_the_first_requests_are_answered(start: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    result = start([EVENT, {"data": [1, 2]}, {"data": 1}])
    log, answers = map(json.loads, result.stdout.splitlines())
    assert log.pop("ModelLoadTime") > 0
    assert log == {
        "FunctionName": "local",
        "FunctionVersion": "$LATEST",
        "ModelName": "tiny",
        "ModelVersion": "3",
        "level": "INFO",
        "message": "model loaded",
        "runtime": "numpy",
    }
    proxy, direct, error = answers["answers"]
    assert json.loads(proxy["body"]) == {"predictions": [[2.0, 4.0]]}
    assert direct == {"prediction": [[2.0, 4.0]]}
    assert error["error"].startswith("data: 1 stands where a list of 2 belongs")
    # Modules that would make a cold start longer for nothing. (This program itself imports json.)
    costly = {"dataclasses", "logging", "pathlib", "urllib", "base64"}
    assert costly.isdisjoint(answers["modules"])
    assert {"model_server.tensor_text", "model_server.mismatch", "model_server.hook"} - set(answers["modules"]) == {
        "model_server.tensor_text",
        "model_server.hook",
    }, "only the wrong request needs the words for it"


def test_a_start_does_not_import_pythons_json(models: dict[str, str]) -> None:
    program = (
        f"import sys; sys.path[:0] = [{str(SOURCE)!r}, {PACKAGES!r}]; import index; "
        "index.handler({'data': [1, 2]}, None); sys.stderr.write(' '.join(sys.modules))"
    )
    result = subprocess.run(
        [getattr(sys, "_base_executable", sys.executable), "-I", "-S", "-B", "-c", program],
        env={"MODEL_DIR": models["signatures"]},
        capture_output=True,
        text=True,
        check=True,
    )
    modules = result.stderr.split()
    assert "model_server.json_text" in modules
    assert "json" not in modules


def test_the_environment_chooses_the_name(start: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    event = {**EVENT, "rawPath": "/v1/models/digits:predict"}
    result = start([event, EVENT], MODEL_NAME="digits")
    log, answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert log["ModelName"] == "digits"
    assert [answer["statusCode"] for answer in answers["answers"]] == [200, 404]


def test_the_environment_chooses_how_many_threads_compute(
    start: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    def threads(count: str) -> tuple[int, list[Any]]:
        running = "import os; print(len(os.listdir('/proc/self/task')))"
        result = start([{"data": [1, 2]}], prepare=running, MODEL_THREADS=count)
        _, tasks, answers = [json.loads(line) for line in result.stdout.splitlines()]
        return tasks, answers["answers"]

    single, three = threads("1"), threads("3")
    assert three[0] - single[0] == 2
    assert three[1] == single[1]


BREAK = "index.MODEL.runtime._runners.clear()"
FAULT = "the function failed; its log has the reason under the request id "


def test_a_fault_of_the_function_is_logged_and_not_shown(
    start: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    result = start([EVENT], prepare=BREAK, METRIC_NAMESPACE="CdkTensorFlow")
    _, log, answers = [json.loads(line) for line in result.stdout.splitlines()]
    (proxy,) = answers["answers"]
    assert proxy["statusCode"] == 500
    assert json.loads(proxy["body"]) == {"error": f"{FAULT}None"}
    assert (log["level"], log["status"], log["Errors"]) == ("ERROR", 500, 1)
    assert log["message"] == "KeyError: 'serving_default'"
    assert "Traceback" in log["traceback"]
    assert "numpy_runtime.py" in log["traceback"]


def test_a_direct_invocation_fails_with_such_a_fault(start: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    result = start([{"data": [1, 2]}], prepare=BREAK, METRIC_NAMESPACE="CdkTensorFlow")
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == f"index.FunctionFailedError: {FAULT}None"
    assert result.stderr.count("Traceback") == 1, "the reason's own traceback is for the log"
    assert "KeyError" not in result.stderr
    _, log = [json.loads(line) for line in result.stdout.splitlines()]
    assert (log["level"], log["Errors"]) == ("ERROR", 0), "Lambda counts it"
    assert "numpy_runtime.py" in log["traceback"]


LATE = "the request could not be answered within the function's timeout; send fewer rows"
#: Less than it takes to hand over an answer.
HURRIED = "context = type('Context', (), {'aws_request_id': 'r', 'get_remaining_time_in_millis': lambda _: 100})()"


def test_rows_that_cannot_be_computed_in_time_are_answered_before_lambda_ends_the_invocation(
    start: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    rows = {"instances": [[1, 2], [3, 4]]}
    result = start([{**EVENT, "body": json.dumps(rows)}, EVENT], prepare=HURRIED)
    late, in_time = json.loads(result.stdout.splitlines()[-1])["answers"]
    assert (late["statusCode"], json.loads(late["body"])) == (504, {"error": LATE})
    assert in_time["statusCode"] == 200
    direct = start([rows], prepare=HURRIED)
    assert (direct.returncode, direct.stderr.splitlines()[-1]) == (1, f"index.FunctionFailedError: {LATE}")


def test_an_event_of_a_source_says_in_the_payload_of_its_failure_what_is_wrong(
    start: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    result = start([{"eventSource": "aws:kafka", "records": {}}])
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith(
        "index.FunctionFailedError: an event of aws:kafka is no request, put a function of yours before this one: "
    )


def test_a_load_balancer_with_lists_of_headers_gets_lists(
    start: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    event = {"httpMethod": "POST", "path": "/v1/models/tiny:predict", "requestContext": {"elb": {}}, "body": BODY}
    result = start([{**event, "multiValueHeaders": {}}, {**event, "headers": {}}])
    lists, plain = json.loads(result.stdout.splitlines()[-1])["answers"]
    assert lists["multiValueHeaders"] == {"content-type": ["application/json"]}
    assert "multiValueHeaders" not in plain


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"MODEL_DIR": "/nowhere"}, "cannot read /nowhere/model.json: No such file or directory"),
    ],
)
def test_a_function_that_lacks_something_does_not_start_and_says_why(
    change: dict[str, str], reason: str, start: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    result = start([], **change)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith(f"model_server.errors.ModelError: {reason}")
