"""One file of requests and answers, replayed on the native program and on the Python handler.

`tensorflowServing` is what TensorFlow Serving 2.20 answered where this project answers otherwise on purpose;
docs/rest-api.md has the reasons. All other answers are that server's own.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from model_server import events, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REPOSITORY = Path(__file__).parents[2]
CASES = json.loads((REPOSITORY / "test" / "contract" / "cases.json").read_text(encoding="utf-8"))
DIFFERENCES = {case["tensorflowServing"]["differs"] for case in CASES if "tensorflowServing" in case}
#: The interpreter of LiteRT's Python package makes the largest float32 of an infinite sum.
FINITE_IN_PYTHON = '{"instances":[[NaN,Infinity],[-Infinity,1]]}'
REPLAYS = [
    (front, case)
    for front in ("native", "python")
    for case in CASES
    if front == "native" or case.get("body") != FINITE_IN_PYTHON
]


@pytest.fixture(scope="session")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> str:
    from zoo import make

    directory = tmp_path_factory.mktemp("zoo")
    make(directory)
    return str(directory)


@pytest.fixture(scope="session")
def native(zoo: str, program: Path, library: str) -> Iterator[Callable[[Any], Any]]:
    from runtime_api import Function

    with Function(program, {"MODEL_DIR": zoo, "LITERT_LIBRARY": library}) as function:
        yield lambda event: function.invoke(event).value


@pytest.fixture(scope="session")
def python(zoo: str) -> Iterator[Callable[[Any], Any]]:
    model = load(zoo, "numpy")
    yield lambda event: events.answer(model, event)
    model.close()


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
    answer = request.getfixturevalue(front)
    response = answer(
        {
            "rawPath": case["path"],
            "requestContext": {"http": {"method": case["method"]}},
            "body": case.get("body"),
            "isBase64Encoded": False,
        }
    )
    body = json.loads(response["body"])
    assert response["statusCode"] == case["status"]
    if "error" in case:
        assert body["error"].startswith(case["error"])
    elif "answer" in case:
        assert alike(body, json.loads(case["answer"]))


def test_the_guide_names_every_difference_from_tensorflow_serving() -> None:
    guide = (REPOSITORY / "docs" / "rest-api.md").read_text(encoding="utf-8")
    rows = {line.split("|")[1].strip() for line in guide.splitlines() if line.startswith("| ")}
    assert rows >= DIFFERENCES, DIFFERENCES - rows
