"""Finds measurements that a candidate answers no better than a constant would.

Where an output holds small numbers beside large ones, such as scores beside pixels, 8 bits for all of them leave
nothing of the small ones, and the error relative to the whole output does not show it. Nor does it where all numbers
have a large mean and vary little, such as temperatures in kelvins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

#: Share of the varying numbers that may become constant. They may be units of an embedding that are hardly ever active.
_SHARE = 0.1
#: Difference that is rounding, as a share of the largest value.
_VARIES = 1e-3
_LISTED = 3
_AT_ONCE = 500_000


def worse_than_constant(original: Array, candidate: Array, labels: Array | None) -> tuple[float, str] | None:
    """Return R², and a sentence, of a candidate that is no nearer than the mean to the original; None: it is nearer.

    With labels these are the measure: two models of noisy measurements may both be right on average, and far apart.

    Args:
        original: The original's answers, floats, dimension 0 being the sample.
        candidate: The candidate's answers.
        labels: The labels, if there are any.
    """
    if (
        labels is not None
        or original.dtype.kind != "f"
        or len(original) < 2
        or not original.size
        or not np.isfinite(original).all()
    ):
        return None
    mean = original.mean(axis=0, dtype=np.float64)
    error = spread = 0.0
    step = max(1, _AT_ONCE * len(original) // original.size)
    for start in range(0, len(original), step):
        own = original[start : start + step].astype(np.float64)
        error += float(((candidate[start : start + step] - own) ** 2).sum())
        spread += float(((own - mean) ** 2).sum())
    if error < spread or spread <= original.size * (_VARIES * float(np.abs(original).max())) ** 2:
        return None
    r_squared = 1 - error / spread
    return r_squared, f"is no nearer to the original's than one number for all samples (R² {r_squared:.3g})"


def lost_numbers(original: Array, candidate: Array) -> tuple[float, str] | None:
    """Return the share of numbers that no longer vary, and a sentence; None if they are few, or none.

    Args:
        original: The original's answers, floats, dimension 0 being the sample.
        candidate: The candidate's answers.
    """
    if original.dtype.kind != "f" or len(original) < 2 or not original.size:
        return None
    sides: list[int | None] = [axis for axis in range(1, original.ndim) if original.shape[axis] > 1]
    for axis in sides[::-1] or [None]:
        found = _lost_along(original, candidate, axis)
        if found is not None:
            return found
    return None


def _lost_along(original: Array, candidate: Array, axis: int | None) -> tuple[float, str] | None:
    (low, high), (least, greatest) = (_ranges(values, axis) for values in (original, candidate))
    varies = high - low > _VARIES * np.maximum(np.abs(low), np.abs(high))
    lost = varies & (least == greatest)
    share = float(lost.sum() / max(1, varies.sum()))
    if share == 0 or share < _SHARE:
        return None
    if axis is None:
        return share, f"always answers {float(least):.4g}, and the original does not"
    numbers = np.flatnonzero(lost).tolist()
    more = f" and {len(numbers) - _LISTED} more" if len(numbers) > _LISTED else ""
    return share, (
        f"always answers the same at the index {', '.join(map(str, numbers[:_LISTED]))}{more} of dimension {axis}, and "
        "the original does not; 8 bits for a whole output hold no numbers that are much smaller than its others: give "
        "them an output of their own, or quantize the weights alone"
    )


def _ranges(values: Array, axis: int | None) -> tuple[Array, Array]:
    """Return the least and the greatest finite number for each index of a dimension."""
    others = tuple(entry for entry in range(values.ndim) if entry != axis)
    known = np.isfinite(values)
    least = np.min(values, axis=others, where=known, initial=np.inf)
    greatest = np.max(values, axis=others, where=known, initial=-np.inf)
    # Where nothing is finite, nothing varies.
    return np.where(np.isfinite(least), least, 0), np.where(np.isfinite(greatest), greatest, 0)
