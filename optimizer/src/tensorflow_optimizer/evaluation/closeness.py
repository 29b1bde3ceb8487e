"""Compares answers up to rounding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def is_close(left: NDArray[Any], right: NDArray[Any], tolerance: float) -> bool:
    """Say whether floats differ by at most `tolerance`, relative to the greatest; other values must be equal."""
    if left.shape != right.shape:
        return False
    if left.dtype.kind not in "fc":
        return bool(np.array_equal(left, right))
    finite = left[np.isfinite(left)]
    scale = float(np.abs(finite).max()) if finite.size else 1.0
    return bool(np.allclose(left, right, rtol=tolerance, atol=tolerance * max(scale, 1e-30), equal_nan=True))
