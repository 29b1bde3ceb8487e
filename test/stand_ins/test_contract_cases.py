"""The contract's cases (test/contract/cases.json), replayed on the stand-in for TensorFlow Serving.

A case has TensorFlow Serving's answer, or names the intended difference, which docs/rest-api.md explains.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from running_server import Server

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "contract" / "cases.json").read_text(encoding="utf-8")
)


def identify(case: dict[str, Any]) -> str:
    return f"{case['method']} {case['path']} {case.get('body', '')}"[:100]


def assert_equal(found: Any, expected: Any) -> None:
    """Compare values, floats as float32: TensorFlow Serving writes them otherwise."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key, value in expected.items():
            assert_equal(found[key], value)
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_equal(one, other)
    elif isinstance(expected, float):
        assert isinstance(found, float)
        np.testing.assert_array_equal(np.float32(found), np.float32(expected))
    else:
        assert (type(found), found) == (type(expected), expected)


@pytest.mark.parametrize("case", CASES, ids=identify)
def test_a_case_of_the_contract_has_the_answer_of_tensorflow_serving(zoo: Server, case: dict[str, Any]) -> None:
    expected = case.get("tensorflowServing", case)
    body = case.get("body")

    status, content_type, content = zoo.ask(case["method"], case["path"], None if body is None else body.encode())

    assert status == expected["status"]
    if "answer" in expected:
        assert_equal(json.loads(content), json.loads(expected["answer"]))
    elif status >= 400 and content and content_type == "application/json":
        assert list(json.loads(content)) == ["error"]
