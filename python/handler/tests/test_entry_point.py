"""index.py in a process of its own, as Lambda starts it, by every Python version of Lambda's that this host has."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCE = Path(__file__).parents[1] / "src"
BODY = '{"instances": [[1, 2]]}'
EVENT = {"rawPath": "/v1/models/tiny:predict", "requestContext": {"http": {"method": "POST"}}, "body": BODY}
PROGRAM = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
import index
{prepare}
answers = [index.handler(event, None) for event in json.loads(sys.argv[2])]
print(json.dumps({{"answers": answers, "modules": sorted(sys.modules)}}))
"""


def interpreters() -> list[str]:
    """The interpreter of these tests, without its environment, and the oldest that the handler supports."""
    found = [getattr(sys, "_base_executable", sys.executable)]
    others = [shutil.which("python3.12"), *map(str, Path.home().glob(".pyenv/versions/3.12.*/bin/python"))]
    if sys.version_info[:2] != (3, 12):
        found += [other for other in others if other][-1:]
    return found


@pytest.fixture
def start(models: dict[str, str], library: str) -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(
        python: str, events: list[Any], path: str = "", prepare: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                python,
                "-I",
                "-B",
                "-c",
                PROGRAM.format(prepare=prepare),
                json.dumps([str(SOURCE), path]),
                json.dumps(events),
            ],
            env={
                "PATH": os.environ["PATH"],
                "MODEL_DIR": models["signatures"],
                "LITERT_LIBRARY": library,
                **environment,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.mark.parametrize("python", interpreters())
def test_nano_answers_with_the_standard_library_alone(
    python: str, start: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    result = start(python, [EVENT, {"data": [1, 2]}, {"data": 1}])
    assert result.stderr == ""
    log, answers = map(json.loads, result.stdout.splitlines())
    assert log.pop("ModelLoadTime") > 0
    assert log == {
        "FunctionName": "local",
        "FunctionVersion": "$LATEST",
        "ModelName": "tiny",
        "ModelVersion": "3",
        "level": "INFO",
        "message": "model loaded",
        "runtime": "nano",
    }
    proxy, direct, error = answers["answers"]
    assert json.loads(proxy["body"]) == {"predictions": [[2.0, 4.0]]}
    assert direct == {"prediction": [[2.0, 4.0]]}
    assert error["error"].startswith("data: 1 stands where a list of 2 belongs")
    # What a cold start would pay for without need. (This program itself imports json, and that re.)
    costly = {"numpy", "ai_edge_litert", "typing", "dataclasses", "logging", "inspect", "pathlib", "urllib", "base64"}
    assert costly.isdisjoint(answers["modules"])
    assert {"model_server.tensor_text", "model_server.mismatch", "model_server.hook"} - set(answers["modules"]) == {
        "model_server.tensor_text",
        "model_server.hook",
    }, "only the wrong request needs the words for it"


def test_nano_starts_without_pythons_own_json(models: dict[str, str], library: str) -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(SOURCE)!r}); import index; "
        "index.handler({'data': [1, 2]}, None); sys.stderr.write(' '.join(sys.modules))"
    )
    result = subprocess.run(
        [interpreters()[0], "-I", "-S", "-B", "-c", program],
        env={"MODEL_DIR": models["signatures"], "LITERT_LIBRARY": library},
        capture_output=True,
        text=True,
        check=True,
    )
    assert {"json", "re", "enum", "functools", "ctypes"}.isdisjoint(result.stderr.split())
    assert "model_server.nano" in result.stderr.split()


def test_the_environment_chooses_runtime_and_name(start: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    import numpy as np

    event = {**EVENT, "rawPath": "/v1/models/digits:predict"}
    packages = str(Path(np.__file__).parents[1])
    result = start(interpreters()[0], [event, EVENT], packages, MODEL_RUNTIME="numpy", MODEL_NAME="digits")
    log, answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert log["runtime"] == "numpy"
    assert log["ModelName"] == "digits"
    assert [answer["statusCode"] for answer in answers["answers"]] == [200, 404]
    assert "numpy" in answers["modules"]


def test_the_environment_chooses_how_many_threads_compute(
    start: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    def threads(count: str) -> tuple[int, list[Any]]:
        running = "import os; print(len(os.listdir('/proc/self/task')))"
        result = start(interpreters()[0], [{"data": [1, 2]}], prepare=running, MODEL_THREADS=count)
        _, tasks, answers = [json.loads(line) for line in result.stdout.splitlines()]
        return tasks, answers["answers"]

    one, three = threads("1"), threads("3")
    assert three[0] - one[0] == 2
    assert three[1] == one[1]


BREAK = "index.MODEL.runtime._bindings.clear()"
FAULT = "the function failed; its log has the reason under the request id "


def test_a_fault_of_the_functions_own_is_logged_and_not_shown(
    start: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    result = start(interpreters()[0], [EVENT], prepare=BREAK, METRIC_NAMESPACE="CdkTensorFlow")
    _, log, answers = [json.loads(line) for line in result.stdout.splitlines()]
    (proxy,) = answers["answers"]
    assert proxy["statusCode"] == 500
    assert json.loads(proxy["body"]) == {"error": f"{FAULT}None"}
    assert (log["level"], log["status"], log["Errors"]) == ("ERROR", 500, 1)
    assert log["message"] == "KeyError: 'serving_default'"
    assert "Traceback" in log["traceback"]
    assert "nano.py" in log["traceback"]


def test_a_direct_invocation_fails_by_such_a_fault(start: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    result = start(interpreters()[0], [{"data": [1, 2]}], prepare=BREAK, METRIC_NAMESPACE="CdkTensorFlow")
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == f"index.FunctionFailedError: {FAULT}None"
    assert result.stderr.count("Traceback") == 1, "the reason's own traceback is for the log"
    assert "KeyError" not in result.stderr
    _, log = [json.loads(line) for line in result.stdout.splitlines()]
    assert (log["level"], log["Errors"]) == ("ERROR", 0), "Lambda counts it"
    assert "nano.py" in log["traceback"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"LITERT_LIBRARY": "/nowhere/libLiteRt.so"}, "cannot load the LiteRT library /nowhere/libLiteRt.so"),
        ({"MODEL_DIR": "/nowhere"}, "cannot read /nowhere/model.json: No such file or directory"),
        ({"MODEL_RUNTIME": "onnx"}, "unknown runtime 'onnx', allowed: nano, numpy"),
    ],
)
def test_a_function_that_lacks_something_does_not_start_and_says_why(
    change: dict[str, str], reason: str, start: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    result = start(interpreters()[0], [], **change)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith(f"model_server.errors.ModelError: {reason}")
