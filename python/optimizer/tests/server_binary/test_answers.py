"""When a server's answers count as the expected ones."""

from __future__ import annotations

import math
from typing import Any

import pytest
from tensorflow_optimizer.server_binary.answers import find_difference


def difference(expected: Any, answered: Any, tolerance: float = 1e-3) -> str | None:
    return find_difference([{"response": {"outputs": expected}}], [{"outputs": answered}], tolerance)


@pytest.mark.parametrize(
    ("expected", "answered"),
    [
        ([[0.1, 0.9]], [[0.1001, 0.8999]]),
        ({"a": [1.0], "b": [2]}, {"b": [2], "a": [1.0]}),
        ([math.nan, math.inf, 1.0], [math.nan, math.inf, 1.0]),
        ([0.0, 0.0], [0.0, 1e-12]),
        ([], []),
        (3, 3),
        (["a", "b"], ["a", "b"]),
        ([{"b64": "YQ=="}], ["a"]),
        ({"b64": "YQ=="}, "a"),
        ([[True, False]], [[True, False]]),
    ],
)
def test_the_same_within_the_tolerance(expected: Any, answered: Any) -> None:
    assert difference(expected, answered) is None


@pytest.mark.parametrize(
    ("expected", "answered", "text"),
    [
        ([[0.1, 0.9]], [[0.103, 0.897]], "a number is off by 0.003, and 0.0009 is allowed"),
        ([[0.1, 0.9]], [[0.1, 0.9, 0.0]], "its shape is [1, 3], expected [1, 2]"),
        ({"a": [1.0]}, {"b": [1.0]}, "is answered with ['b'], expected ['a']"),
        ({"a": [1.0], "b": [1]}, {"a": [1.0], "b": [2]}, "output 'b': a number is off by 1"),
        ([1.0, 2.0], [1.0, math.nan], "infinite or not a number"),
        ([1.0, math.nan], [1.0, 2.0], "infinite or not a number"),
        ([1.0, math.inf], [1.0, -math.inf], "infinite or not a number"),
        (["a"], ["b"], "['b'] is answered, expected ['a']"),
        (["1"], [1], "is answered, expected"),
    ],
)
def test_anything_else_is_named(expected: Any, answered: Any, text: str) -> None:
    assert text in (difference(expected, answered) or "")


def test_the_tolerance_is_a_share_of_the_greatest_expected_number_of_all_requests() -> None:
    requests = [{"response": {"predictions": [[one]]}} for one in (0.001, 10.0)]
    answers: list[dict[str, Any]] = [{"predictions": [[one]]} for one in (0.005, 10.0)]
    assert find_difference(requests, answers, 1e-3) is None
    assert "request 1" in (find_difference(requests, answers, 1e-4) or "")


def test_an_answer_in_the_other_notation_is_a_difference() -> None:
    assert "answered with nothing" in (
        find_difference([{"response": {"outputs": [1.0]}}], [{"error": "x"}], 1e-3) or ""
    )
