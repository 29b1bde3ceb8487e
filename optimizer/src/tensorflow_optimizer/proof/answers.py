"""Compares answers of a program with others: equal but for rounding."""

from __future__ import annotations

from typing import Any

import numpy as np

_TOLERANCE = 1e-4


def is_same(answer: np.ndarray[Any, Any], expected: np.ndarray[Any, Any]) -> bool:
    """Say whether an output equals the expected one; floats may differ by a ten-thousandth of the largest."""
    if answer.shape != expected.shape or (answer.dtype.kind == "O" and expected.dtype.kind != "O"):
        return False
    if expected.dtype.kind != "f":
        return bool(np.array_equal(answer, expected))
    finite = expected[np.isfinite(expected)]
    scale = float(np.abs(finite).max()) if finite.size else 1.0
    return bool(
        np.allclose(answer.astype(np.float64), expected, rtol=_TOLERANCE, atol=_TOLERANCE * scale, equal_nan=True)
    )


def relative_difference(answer: np.ndarray[Any, Any], expected: np.ndarray[Any, Any]) -> float:
    """Return the largest difference of two outputs, divided by the largest expected value."""
    if answer.tobytes() == expected.tobytes():
        return 0.0
    finite = np.isfinite(expected)
    scale = float(np.abs(expected[finite].astype(np.float64)).max(initial=0.0)) or 1.0
    return float(np.abs(answer[finite].astype(np.float64) - expected[finite]).max(initial=0.0)) / scale
