"""Metrics of scores before a decision is made: the area under the ROC curve, and top-k accuracy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

_RESAMPLES = 1000


class RankedScores:
    """The scores of two classes in their order, to compute the area under the ROC curve of many resamples."""

    def __init__(self, scores: Array, truth: Array) -> None:
        """Rank.

        Args:
            scores: For the class 1; one row for each sample. A NaN ranks below all numbers.
            truth: 0 or 1, of the same shape.
        """
        values, self._place = np.unique(np.where(np.isnan(scores), -np.inf, scores).ravel(), return_inverse=True)
        self._length = len(values)
        self._positive = truth.ravel() == 1
        self._sample = np.repeat(np.arange(len(scores)), scores.size // len(scores))

    def area(self, drawn: Array) -> float:
        """Return the area under the ROC curve; NaN where one of the classes does not occur.

        Args:
            drawn: How often each sample counts.
        """
        weights = drawn[self._sample]
        found, wrong = (
            np.bincount(self._place[chosen], weights[chosen], self._length)
            for chosen in (self._positive, ~self._positive)
        )
        pairs = float(found.sum() * wrong.sum())
        # Equal scores count by half.
        return float(found @ (np.cumsum(wrong) - wrong / 2)) / pairs if pairs else np.nan


def area(scores: Array, truth: Array) -> float:
    """Return the area under the ROC curve; NaN where one of the classes does not occur."""
    return RankedScores(scores, truth).area(np.ones(len(truth)))


def area_differences(before: Array, after: Array, truth: Array, seed: int) -> Array:
    """Return by how much the first of two areas is larger, in each resample of the samples."""
    models = [RankedScores(scores, truth) for scores in (before, after)]
    count = len(truth)
    random = np.random.default_rng(seed)
    differences = []
    for _ in range(_RESAMPLES):
        drawn = np.bincount(random.integers(0, count, count), minlength=count).astype(np.float64)
        differences.append(models[0].area(drawn) - models[1].area(drawn))
    return np.array(differences)


def in_top(scores: Array, truth: Array, k: int) -> Array:
    """Return, for each sample, the share of its decisions with the right class among the k greatest scores."""
    own = np.take_along_axis(scores, truth[..., None], axis=-1)
    right = ~np.isnan(own[..., 0]) & ((scores > own).sum(axis=-1) < k)
    return right.reshape(len(right), -1).mean(axis=1)
