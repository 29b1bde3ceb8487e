"""Counts the decisions of two models by class, over all samples and over resamples of them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[Any]
    Codes = Callable[[slice], tuple[Array, ...]]

_RESAMPLES = 1000
#: Most numbers in one product of matrices.
_NUMBERS_AT_ONCE = 4_000_000
_MOST_NUMBERS = 20_000_000
_BLOCKS = 1000
_DECISIONS_AT_ONCE = 500_000
_KINDS = 5


class ClassCounts:
    """Truth, decisions and right decisions of two models by class.

    Equal samples are one group, and a resample of the samples draws how often each group occurs. Both models are
    counted on the same draw. Where that would need too much memory, blocks of samples are drawn.
    """

    def __init__(self, codes: Codes, shape: tuple[int, int], classes: int, seed: int) -> None:
        """Count.

        Args:
            codes: Returns the truth and both models' decisions of some samples: class numbers, -1 being no class.
            shape: The number of samples, and of the decisions of each.
            classes: The number of classes.
            seed: Seed of the resamples.
        """
        self._seed, self._classes = seed, classes
        count, width = shape
        groups = min(count, _BLOCKS) if count * _KINDS * classes > _MOST_NUMBERS else count
        self._sizes = np.ones(groups, dtype=np.int64)
        if width == 1:
            truth, before, after = (entry.ravel() for entry in codes(slice(None)))
            numbers = ((truth + 1) * (classes + 1) + before + 1) * (classes + 1) + after + 1
            _, first, sizes = np.unique(numbers, return_index=True, return_counts=True)
            if len(first) * _KINDS * classes <= _MOST_NUMBERS:
                self._sizes = sizes
                self._counts = self._count(np.arange(len(first))[:, None], (truth[first], before[first], after[first]))
                return
        self._counts = np.zeros((groups, _KINDS * classes))
        # Masks have many decisions: counted all at once, they would need several times their memory.
        step = max(1, _DECISIONS_AT_ONCE // width)
        for start in range(0, count, step):
            rows = slice(start, min(start + step, count))
            group = np.arange(rows.start, rows.stop)[:, None] * groups // count
            self._counts += self._count(group, codes(rows))

    def _count(self, group: Array, codes: tuple[Array, ...]) -> Array:
        """Return the counts of each group as one row."""
        truth, before, after = (entry.reshape(len(group), -1) for entry in codes)
        counted = [(truth, truth >= 0)]
        for decided in (before, after):
            counted += [(decided, decided >= 0), (truth, decided == truth)]
        groups = len(self._sizes)
        place = group * self._classes
        counts = [np.bincount((place + code)[where], minlength=groups * self._classes) for code, where in counted]
        by_kind = np.stack([entry.reshape(groups, self._classes) for entry in counts], axis=1)
        return by_kind.reshape(groups, -1).astype(np.float64)

    @cached_property
    def totals(self) -> Array:
        """The counts of all samples, as (1, kind, class): labels, then decisions and right ones of each model."""
        return self._sums(self._sizes[None])

    @cached_property
    def resampled(self) -> Array:
        """The counts of each resample, as (resample, kind, class)."""
        random = np.random.default_rng(self._seed)
        size = int(self._sizes.sum())
        step = max(1, _NUMBERS_AT_ONCE // max(self._counts.shape))
        return np.concatenate(
            [
                self._sums(random.multinomial(size, self._sizes / size, min(step, _RESAMPLES - start)))
                for start in range(0, _RESAMPLES, step)
            ]
        )

    def _sums(self, draws: Array) -> Array:
        return (draws @ self._counts).reshape(len(draws), _KINDS, self._classes)


def recall(labels: Array, _: Array, right: Array) -> Array:
    """Return the share of each class's labels that are found; NaN where there are none."""
    return _ratio(right, labels, labels)


def precision(labels: Array, decided: Array, right: Array) -> Array:
    """Return the share of the decisions for each class that are right: 0 without a decision, NaN without labels."""
    return _ratio(right, np.maximum(decided, 1), labels)


def f1(labels: Array, decided: Array, right: Array) -> Array:
    """Return the harmonic mean of precision and recall; NaN where there are no labels."""
    return _ratio(2 * right, labels + decided, labels)


def _ratio(part: Array, whole: Array, labels: Array) -> Array:
    return np.where(labels > 0, part / np.maximum(whole, 1), np.nan)
