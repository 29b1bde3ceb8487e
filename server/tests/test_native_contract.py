"""One file of requests and answers, replayed on the native program (on Lambda, as a server) and the Python handler.

`tensorflowServing` is what TensorFlow Serving 2.20 answered where this project answers otherwise on purpose;
docs/rest-api.md lists them. All other answers are that server's own.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from model_server import events, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Ask = Callable[[dict[str, Any]], tuple[int, Any]]

REPOSITORY = Path(__file__).parents[2]
CASES = json.loads((REPOSITORY / "test" / "contract" / "cases.json").read_text(encoding="utf-8"))
DIFFERENCES = {case["tensorflowServing"]["differs"] for case in CASES if "tensorflowServing" in case}
#: The interpreter of LiteRT's Python package makes the largest float32 of an infinite sum.
FINITE_IN_PYTHON = '{"instances":[[NaN,Infinity],[-Infinity,1]]}'
#: Cases that the server answers as TensorFlow Serving does, and a function cannot.
AS_TENSORFLOW_SERVING = "version labels"
#: Paths of another protocol, whose answers test_native_inference.py compares.
OTHER_PROTOCOL = "/v2/"
REPLAYS = [
    (front, case)
    for front in ("native", "server", "python")
    for case in CASES
    if (case.get("body") != FINITE_IN_PYTHON if front == "python" else not case["path"].startswith(OTHER_PROTOCOL))
]


@pytest.fixture(scope="session")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> str:
    from zoo import make

    directory = tmp_path_factory.mktemp("zoo")
    make(directory)
    return str(directory)


@pytest.fixture(scope="session")
def native(zoo: str, bootstrap: Path, library: str) -> Iterator[Ask]:
    from stand_in_runtime_api import Function

    with Function([bootstrap], {"MODEL_DIR": zoo, "LITERT_LIBRARY": library}) as function:
        yield lambda case: as_event(case, lambda event: function.invoke(event).value)


@pytest.fixture(scope="session")
def server(zoo: str, program: Path, library: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    from program import Server
    from server_models import checksums

    base = tmp_path_factory.mktemp("base")
    shutil.copytree(zoo, base / "1", ignore=shutil.ignore_patterns("saved_model"))
    checksums(base / "1")
    digest = hashlib.sha256(Path(library).read_bytes()).hexdigest()
    config = base / "models.config"
    config.write_text(
        f'model_config_list {{ config {{ name: "zoo" base_path: "{base}" '
        'model_version_policy { specific { versions: 1 } } version_labels { key: "stable" value: 1 } } }'
    )
    flags = [f"--model_config_file={config}"]
    command = [str(program), f"--litert_library={library}", f"--litert_library_sha256={digest}"]
    with Server(command, tmp_path_factory.mktemp("server"), flags) as running:

        def ask(case: dict[str, Any]) -> tuple[int, Any]:
            # Not by `requests`, which writes some of the paths anew.
            connection = http.client.HTTPConnection("localhost", running.rest_port, timeout=60)
            body = case.get("body")
            connection.request(case["method"], case["path"], None if body is None else body.encode())
            response = connection.getresponse()
            text = response.read()
            connection.close()
            return response.status, json.loads(text or b"null")

        yield ask


@pytest.fixture(scope="session")
def python(zoo: str) -> Iterator[Ask]:
    model = load(zoo)
    yield lambda case: as_event(case, lambda event: events.answer(model, event))
    model.close()


def as_event(case: dict[str, Any], function: Callable[[Any], Any]) -> tuple[int, Any]:
    """Send a request through a front door of Lambda's; return status and body."""
    response = function(
        {
            "rawPath": case["path"],
            "requestContext": {"http": {"method": case["method"]}},
            "body": case.get("body"),
            "isBase64Encoded": False,
        }
    )
    return response["statusCode"], json.loads(response["body"])


def identity(case: dict[str, Any]) -> str:
    return f"{case['method']} {case['path']} {case.get('body', '')}"[:100]


def alike(found: Any, expected: Any) -> bool:
    """Equality, of floats as float32."""
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(alike(found[key], expected[key]) for key in expected)
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(alike, found, expected))
    if isinstance(expected, float):
        return isinstance(found, float) and bool(
            np.array_equal(np.float32(found), np.float32(expected), equal_nan=True)
        )
    return type(found) is type(expected) and found == expected


@pytest.mark.parametrize(("front", "case"), REPLAYS, ids=[f"{front} {identity(case)}" for front, case in REPLAYS])
def test_a_request_gets_the_answer_of_the_contract(
    front: str, case: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    status, body = request.getfixturevalue(front)(case)
    expected = case
    if front == "server" and case.get("tensorflowServing", {}).get("differs") == AS_TENSORFLOW_SERVING:
        expected = case["tensorflowServing"]
    assert status == expected["status"]
    if "answer" in expected:
        assert alike(body, json.loads(expected["answer"]))
    elif case["method"] == "HEAD" and front == "server":
        assert body is None
    elif front == "server" and status >= 400:
        assert body["error"]  # which may name what only a server has
    elif "error" in expected:
        assert body["error"].startswith(expected["error"])


def test_the_guide_names_every_difference_from_tensorflow_serving() -> None:
    guide = (REPOSITORY / "docs" / "rest-api.md").read_text(encoding="utf-8")
    rows = {line.split("|")[1].strip() for line in guide.splitlines() if line.startswith("| ")}
    assert rows >= DIFFERENCES, DIFFERENCES - rows
