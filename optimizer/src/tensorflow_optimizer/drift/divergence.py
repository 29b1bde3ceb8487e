"""Distances between two distributions over the same bins, and whether chance explains one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: The chi-squared approximation holds from about this many expected samples in each bin.
_EXPECTED = 5


def shares_of(counts: Sequence[int]) -> NDArray[Any]:
    """Return the share of each bin; zeros for no samples."""
    numbers = np.array(counts, dtype=np.float64)
    return numbers / max(numbers.sum(), 1.0)


def population_stability_index(expected: Sequence[int], observed: Sequence[int]) -> float:
    """Return the population stability index of two rows of counts.

    Half a sample is added to each bin, so that an empty one does not make it infinite.
    """
    first, second = (_smoothed(counts) for counts in (expected, observed))
    return float(((second - first) * np.log(second / first)).sum())


def jensen_shannon_divergence(expected: Sequence[int], observed: Sequence[int]) -> float:
    """Return the Jensen-Shannon divergence in bits: 0 for equal distributions, 1 for ones without a common bin."""
    first, second = shares_of(expected), shares_of(observed)
    middle = (first + second) / 2
    divergence = (_relative_entropy(first, middle) + _relative_entropy(second, middle)) / 2
    return float(np.clip(divergence, 0.0, 1.0))


def homogeneity_p_value(expected: Sequence[int], observed: Sequence[int]) -> float:
    """Return the probability of counts at least as different, if both samples are from one distribution.

    Pearson's chi-squared test of homogeneity. Bins with few samples are counted together.
    """
    table = _merged(np.array([expected, observed], dtype=np.float64))
    degrees = table.shape[1] - 1
    if degrees < 1:
        return 1.0
    means = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    return chi_squared_tail(float(((table - means) ** 2 / means).sum()), degrees)


def chi_squared_tail(value: float, degrees: int) -> float:
    """Return the probability that a chi-squared variable with these degrees of freedom is above `value`.

    The regularized upper incomplete gamma function of whole and half numbers is a finite sum.
    """
    half = value / 2
    if half <= 0:
        return 1.0
    order = 1.0 if degrees % 2 == 0 else 0.5
    total = math.exp(-half) if degrees % 2 == 0 else math.erfc(math.sqrt(half))
    term = math.exp(order * math.log(half) - half - math.lgamma(order + 1))
    while order < degrees / 2:
        total += term
        order += 1
        term *= half / order
    return min(total, 1.0)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values adjusted by Holm's method.

    The probability that any of them is below a limit is at most the limit where nothing differs, however the features
    depend on each other.
    """
    adjusted = [1.0] * len(p_values)
    greatest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda entry: p_values[entry])):
        greatest = max(greatest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = greatest
    return adjusted


def _smoothed(counts: Sequence[int]) -> NDArray[Any]:
    numbers = np.array(counts, dtype=np.float64) + 0.5
    return np.asarray(numbers / numbers.sum())


def _relative_entropy(first: NDArray[Any], second: NDArray[Any]) -> float:
    there = first > 0
    return float((first[there] * np.log2(first[there] / second[there])).sum())


def _merged(table: NDArray[Any]) -> NDArray[Any]:
    """Add up columns in which fewer samples are expected than the test needs; the rarest first."""
    share = table.sum(axis=1).min() / max(table.sum(), 1.0)
    columns = sorted(table.T.tolist(), key=sum)
    while len(columns) > 1 and sum(columns[0]) * share < _EXPECTED:
        first, second, *rest = columns
        columns = sorted([[left + right for left, right in zip(first, second, strict=True)], *rest], key=sum)
    return np.array(columns).T
