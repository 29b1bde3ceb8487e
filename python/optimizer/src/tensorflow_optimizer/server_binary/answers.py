"""Comparing a server's answers with those that are expected."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

#: For answers that are all zero.
_SMALLEST = 1e-9


def find_difference(requests: list[dict[str, Any]], answers: list[dict[str, Any]], tolerance: float) -> str | None:
    """Return where answers differ from the expected ones, as the end of a sentence; None where they do not.

    Args:
        requests: Golden requests, each with the `response` that is expected.
        answers: What was answered, in the same order.
        tolerance: How far a number may be off, as a share of its output's greatest expected one.
    """
    expected = [_outputs(one["response"]) for one in requests]
    greatest: dict[str, float] = {}
    for one in expected:
        for name, value in one.items():
            greatest[name] = max(greatest.get(name, 0.0), _greatest(value))
    for number, (one, answer) in enumerate(zip(expected, answers, strict=True), start=1):
        found = _outputs(answer)
        if found.keys() != one.keys():
            return f"request {number} is answered with {sorted(found) or 'nothing'}, expected {sorted(one)}"
        for name, value in one.items():
            problem = _compare(value, found[name], tolerance * greatest[name] + _SMALLEST)
            if problem:
                return f"request {number}{f', output {name!r}' if name else ''}: {problem}"
    return None


def _outputs(body: dict[str, Any]) -> dict[str, Any]:
    """Return values by output; by no name where the only one has none in the body."""
    value = body["predictions"][0] if body.get("predictions") else body.get("outputs")
    if value is None:
        return {}
    return value if isinstance(value, dict) and set(value) != {"b64"} else {"": value}


def _compare(expected: Any, found: Any, limit: float) -> str | None:
    one, other = _array(expected), _array(found)
    if one.shape != other.shape:
        return f"its shape is {list(other.shape)}, expected {list(one.shape)}"
    if one.dtype.kind not in "biuf" or other.dtype.kind not in "biuf":
        return None if np.array_equal(one, other) else f"{str(found)[:80]} is answered, expected {str(expected)[:80]}"
    one, other = one.astype(np.float64), other.astype(np.float64)
    finite = np.isfinite(one)
    if not np.array_equal(one[~finite], other[~finite], equal_nan=True) or not np.isfinite(other[finite]).all():
        return "other numbers are infinite or not a number than expected"
    off = float(np.abs(one[finite] - other[finite]).max(initial=0.0))
    return None if off <= limit else f"a number is off by {off:.3g}, and {limit:.3g} is allowed"


def _array(value: Any) -> np.ndarray[Any, Any]:
    """Return numbers as they are, and texts as the bytes that they stand for."""
    return np.array(_bytes(value), dtype=object) if _holds_text(value) else np.array(value)


def _holds_text(value: Any) -> bool:
    while isinstance(value, list) and value:
        value = value[0]
    return isinstance(value, str | dict)


def _bytes(value: Any) -> Any:
    if isinstance(value, list):
        return [_bytes(one) for one in value]
    return base64.b64decode(value["b64"]) if isinstance(value, dict) else str(value).encode()


def _greatest(value: Any) -> float:
    array = _array(value)
    if array.dtype.kind not in "iuf":
        return 0.0
    finite = np.abs(array[np.isfinite(array)].astype(np.float64))
    return float(finite.max(initial=0.0))
