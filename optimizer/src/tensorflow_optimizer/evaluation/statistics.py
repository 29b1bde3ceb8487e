"""95 % intervals for paired measurements of the same samples."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_Z = 1.959963984540054
_RESAMPLES = 1000
_DRAWN_AT_ONCE = 1_000_000
_CONVERTED_AT_ONCE = 500_000

Interval = tuple[float, float]


def paired_loss(original: NDArray[Any], candidate: NDArray[Any]) -> tuple[float, Interval]:
    """Return the mean of `original - candidate` over the samples and its interval.

    Agresti and Min's interval: two pseudo-samples keep it open if no sample differs, because a small set cannot prove
    that none ever will.

    Args:
        original: How right the original is on each sample, 0 to 1.
        candidate: The same for the candidate.
    """
    difference = np.asarray(original, dtype=np.float64) - np.asarray(candidate, dtype=np.float64)
    count = len(difference)
    mean = float(difference.mean())
    # +1 and -1 with half a weight each, and 0 with the weight 1.
    weight = count + 2.0
    center = float(difference.sum()) / weight
    variance = (float((difference**2).sum()) + 1.0) / weight - center**2
    margin = _Z * math.sqrt(max(variance, 0.0) / weight)
    return mean, (min(center - margin, mean), max(center + margin, mean))


def proportion(values: NDArray[Any]) -> tuple[float, Interval]:
    """Return the mean of values between 0 and 1 and Wilson's interval."""
    count = len(values)
    mean = float(np.asarray(values, dtype=np.float64).mean())
    square = _Z * _Z
    center = (mean + square / (2 * count)) / (1 + square / count)
    margin = _Z / (1 + square / count) * math.sqrt(mean * (1 - mean) / count + square / (4 * count * count))
    return mean, (max(0.0, min(center - margin, mean)), min(1.0, max(center + margin, mean)))


def relative_error(original: NDArray[Any], candidate: NDArray[Any], seed: int) -> tuple[float, Interval]:
    """Return |candidate - original| / |original| over all samples (Euclidean), and its bootstrap interval.

    Infinite if the candidate has a non-finite value where the original has a number.
    """
    error_squares, norm_squares = np.empty(len(original)), np.empty(len(original))
    # Masks and images have many numbers: as doubles, and all at once, they would need several times their memory.
    step = max(1, _CONVERTED_AT_ONCE * len(original) // max(1, original.size))
    for start in range(0, len(original), step):
        rows = slice(start, start + step)
        reference = np.asarray(original[rows], dtype=np.float64).reshape(len(original[rows]), -1)
        difference = np.asarray(candidate[rows], dtype=np.float64).reshape(reference.shape) - reference
        known = np.isfinite(reference)
        if not np.isfinite(difference[known]).all():
            return math.inf, (math.inf, math.inf)
        error_squares[rows] = (np.where(known, difference, 0.0) ** 2).sum(axis=1)
        norm_squares[rows] = (np.where(known, reference, 0.0) ** 2).sum(axis=1)
    return _bootstrap(error_squares, norm_squares, _ratio, seed)


def error_increase(original: NDArray[Any], candidate: NDArray[Any], least: float, seed: int) -> tuple[float, Interval]:
    """Return the relative increase of the mean error, and its bootstrap interval.

    Samples are drawn in pairs, so that samples that are hard for both models do not widen the interval.

    Args:
        original: The original's absolute error on each sample.
        candidate: The candidate's; infinite where its answer is not a number.
        least: Minimum for the original's mean error.
        seed: Seed of the bootstrap.
    """
    if not np.isfinite(candidate).all():
        return math.inf, (math.inf, math.inf)
    least_sum = least * len(original)

    def increase(after: float, before: float) -> float:
        if after == before:
            return 0.0
        greatest = max(before, least_sum)
        return (after - before) / greatest if greatest > 0 else math.inf

    return _bootstrap(candidate, original, increase, seed)


def percentiles(resampled: NDArray[Any], value: float, least: float) -> Interval:
    """Return the bootstrap interval of a value, at least `least` wide on each side.

    Args:
        resampled: The value in each resample; NaN where it cannot be measured.
        value: The value itself.
        least: The least margin: a resample cannot show what no sample shows.
    """
    known = resampled[~np.isnan(resampled)]
    low, high = np.quantile(known, [0.025, 0.975]) if len(known) else (-1.0, 1.0)
    return min(float(low), value - least), max(float(high), value + least)


def least_margin(counts: NDArray[Any]) -> float:
    """Return the margin of a mean of proportions in which no sample differs, as of Agresti and Min's interval.

    Args:
        counts: The samples of each proportion.
    """
    return _Z * math.sqrt(float((1.0 / (np.asarray(counts) + 2.0) ** 2).sum())) / len(counts)


def _bootstrap(
    values: NDArray[Any], others: NDArray[Any], statistic: Callable[[float, float], float], seed: int
) -> tuple[float, Interval]:
    """Return a statistic of two sums over the samples and its interval, both from the same resamples."""
    value = statistic(float(values.sum()), float(others.sum()))
    random = np.random.default_rng(seed)
    count = len(values)
    resampled: list[float] = []
    while len(resampled) < _RESAMPLES:
        # Draw in chunks to limit memory; the result is the same as at once.
        size = min(_RESAMPLES - len(resampled), max(1, _DRAWN_AT_ONCE // count))
        rows = random.integers(0, count, (size, count))
        sums = zip(values[rows].sum(axis=1), others[rows].sum(axis=1), strict=True)
        resampled += [statistic(float(left), float(right)) for left, right in sums]
    # Between a number and infinity, or two infinities, nothing can be interpolated: it would be NaN.
    finite = bool(np.isfinite(resampled).all())
    low, high = np.quantile(resampled, [0.025, 0.975], method="linear" if finite else "closest_observation")
    return value, (min(float(low), value), max(float(high), value))


def decibels(error: float) -> float | None:
    """Return the signal-to-noise ratio of a relative error; None if there is no noise."""
    return None if error <= 0 or not math.isfinite(error) else -20.0 * math.log10(error)


def _ratio(error: float, norm: float) -> float:
    if error == 0:
        return 0.0
    # The original answers only zeros, so any difference is infinite.
    return math.sqrt(error / norm) if norm > 0 else math.inf
