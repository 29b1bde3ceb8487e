"""Measures what a candidate lost of each metric of its decisions, paired with the original."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..documents.job import Metric, MetricName, ModelTask
from ..documents.outcome import Confusion
from . import statistics
from .class_counts import ClassCounts, f1, precision, recall
from .score_metrics import area, area_differences, in_top

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from .statistics import Interval
    from .tasks import OutputTask

    Array = NDArray[Any]
    Figure = Callable[[Array, Array, Array], Array]

_OF_CLASSES = {
    MetricName.BALANCED_ACCURACY: recall,
    MetricName.RECALL: recall,
    MetricName.PRECISION: precision,
    MetricName.F1: f1,
}
#: Most classes of a confusion table that one can read.
_FEW_CLASSES = 20
_DECISIONS_AT_ONCE = 500_000
_ALWAYS = tuple(Metric(name=name) for name in (*_OF_CLASSES, MetricName.AUC))


@dataclass(frozen=True)
class Measured:
    """A metric of two models."""

    before: float
    after: float
    interval: Interval | None
    """Interval of before minus after; None: not asked for."""


def scores_of(task: OutputTask, output: Array, truth: Array, asked: Iterable[Metric]) -> dict[str, float]:
    """Return the metrics of one model's decisions: the usual ones, and those asked for, where they can be measured."""
    pair = Pair(task, truth, output, output, 0)
    values = {metric.key: pair.values(metric) for metric in (*_ALWAYS, *pair.each_class, *asked)}
    return {key: value[0] for key, value in values.items() if value is not None}


def losses_of(  # noqa: PLR0913, PLR0917 - two models, and what is asked of them
    task: OutputTask, original: Array, candidate: Array, truth: Array, asked: Iterable[Metric], seed: int
) -> dict[str, Measured]:
    """Return the metrics of two models on the same samples. Areas under curves have an interval only if asked for."""
    pair = Pair(task, truth, original, candidate, seed)
    asked, found = list(asked), {}
    for metric in (*_ALWAYS, *pair.each_class, *asked):
        values = pair.values(metric)
        if values is not None:
            is_slow = metric.name is MetricName.AUC and all(entry.key != metric.key for entry in asked)
            interval = None if is_slow else pair.interval(metric, values[0] - values[1])
            found[metric.key] = Measured(*values, interval)
    return found


def confusion_of(task: OutputTask, output: Array, truth: Array) -> Confusion | None:
    """Return a model's confusion matrix, if its classes are few and have numbers."""
    pair = Pair(task, truth, output, output, 0)
    if not pair.each_class or task.task is ModelTask.MULTILABEL:
        return None
    counts = pair.confusion()
    # The last column is of decisions that are no class.
    counts = counts if counts[:, -1].any() else counts[:, :-1]
    return Confusion(classes=pair.numbers, counts=counts.tolist())


class Pair:
    """The decisions and scores of two models beside the truth."""

    def __init__(self, task: OutputTask, truth: Array, original: Array, candidate: Array, seed: int) -> None:
        """Compare.

        Args:
            task: The output's task, one that decides classes.
            truth: The labels in the form of the decisions.
            original: The original's answers.
            candidate: The candidate's answers.
            seed: Seed of the bootstrap.
        """
        self._task, self._truth, self._answers, self._seed = task, truth, (original, candidate), seed

    def values(self, metric: Metric) -> tuple[float, float] | None:
        """Return a metric of both models; None where it cannot be measured."""
        if metric.name is MetricName.ACCURACY:
            before, after = (float(right.mean()) for right in self._right)
        elif metric.name is MetricName.TOP_K:
            top = self._top(metric)
            if top is None:
                return None
            before, after = (float(right.mean()) for right in top)
        elif metric.name is MetricName.AUC:
            if self._scores is None:
                return None
            before, after = (area(scores, self._truth) for scores in self._scores)
        elif metric.name in _OF_CLASSES and self._classes(metric):
            before, after = (float(values[0]) for values in self._of_classes(metric, self._counts.totals))
        else:
            return None
        return None if np.isnan(before) else (before, after)

    def interval(self, metric: Metric, loss: float) -> Interval:
        """Return the 95 % interval of a loss that can be measured."""
        if metric.name is MetricName.ACCURACY:
            return statistics.paired_loss(*self._right)[1]
        if metric.name is MetricName.TOP_K:
            return statistics.paired_loss(*(self._top(metric) or self._right))[1]
        if metric.name is MetricName.AUC:
            before, after = self._scores or self._answers
            return statistics.percentiles(area_differences(before, after, self._truth, self._seed), loss, 0.0)
        before, after = self._of_classes(metric, self._counts.resampled)
        return statistics.percentiles(before - after, loss, statistics.least_margin(self._samples(metric)))

    @property
    def numbers(self) -> list[int]:
        """The numbers of the classes; of labels, those of the labels. None where classes have no numbers."""
        if self._labels > 1 or self._task.task is ModelTask.MULTILABEL:
            return list(range(self._labels))
        return [int(value) for value in self._values] if self._values.dtype.kind in "biu" else []

    @property
    def each_class(self) -> list[Metric]:
        """The recall of each class, where there are few."""
        numbers = [number for number in self.numbers if number >= 0]
        few = len(self.numbers) <= _FEW_CLASSES
        return [Metric(name=MetricName.RECALL, class_index=number) for number in numbers] if few else []

    def confusion(self) -> Array:
        """Return how often the original decided each class, by label; the last column is of no class."""
        count = len(self._values)
        step = max(1, _DECISIONS_AT_ONCE * len(self._truth) // self._truth.size)
        found = np.zeros((count + 1) * (count + 1), dtype=np.int64)
        for start in range(0, len(self._truth), step):
            truth, before, _ = self._codes(slice(start, start + step))
            found += np.bincount((truth * (count + 1) + before % (count + 1)).ravel(), minlength=len(found))
        return found.reshape(count + 1, count + 1)[:count]

    @cached_property
    def _right(self) -> tuple[Array, Array]:
        before, after = (
            (self._task.decisions(answer) == self._truth).reshape(len(answer), -1).mean(axis=1)
            for answer in self._answers
        )
        return before, after

    def _top(self, metric: Metric) -> tuple[Array, Array] | None:
        original, candidate = self._answers
        k = metric.k or 1
        if self._task.task is not ModelTask.MULTICLASS or self._task.indices or k >= original.shape[-1]:
            return None
        return in_top(original, self._truth, k), in_top(candidate, self._truth, k)

    @cached_property
    def _scores(self) -> tuple[Array, Array] | None:
        """The scores of the class 1 of two; None where there are no such scores."""
        task, (original, candidate) = self._task, self._answers
        if task.indices:
            return None
        if task.task is ModelTask.BINARY:
            return original, candidate
        if task.task is ModelTask.MULTICLASS and original.shape[-1] == 2:
            # The difference has the order of the probability, also where the scores are logits.
            before, after = (np.subtract(it[..., 1], it[..., 0], dtype=np.float64) for it in self._answers)
            return before, after
        return None

    @cached_property
    def _values(self) -> Array:
        """The values of the classes, in the order of the counts; of labels, no and yes."""
        task = self._task
        if task.indices:
            truth = self._truth
            return np.unique(truth.astype(object) if truth.dtype.kind in "SU" else truth)
        if task.task is ModelTask.MULTICLASS:
            return np.arange(self._answers[0].shape[-1])
        return np.arange(2)

    @cached_property
    def _counts(self) -> ClassCounts:
        count, width = len(self._truth), self._truth.size // len(self._truth)
        return ClassCounts(self._codes, (count, width), len(self._values) * self._labels, self._seed)

    def _codes(self, rows: slice) -> tuple[Array, ...]:
        """Return the places in the counts of the truth and of both models' decisions."""
        values, labels = self._values, self._labels
        found = []
        for entry in (self._truth[rows], *(self._task.decisions(answer[rows]) for answer in self._answers)):
            place = np.minimum(np.searchsorted(values, entry), len(values) - 1)
            code = np.where(values[place] == entry, place, -1).reshape(len(entry), -1)
            if labels > 1:
                code = np.where(code >= 0, code + 2 * (np.arange(code.shape[1]) % labels), -1)
            found.append(code)
        return tuple(found)

    @property
    def _labels(self) -> int:
        return int(self._truth.shape[-1]) if self._task.task is ModelTask.MULTILABEL else 1

    def _classes(self, metric: Metric) -> list[int]:
        """Return the classes that a metric is the mean of: places in the counts that have labels."""
        places = list(range(len(self._values) * self._labels))
        if metric.class_index is not None:
            if self._task.task is ModelTask.MULTILABEL:
                places = [2 * metric.class_index + 1]
            elif self._values.dtype.kind not in "biu":
                return []
            else:
                places = np.flatnonzero(self._values == metric.class_index).tolist()
        elif self._task.task is ModelTask.MULTILABEL and metric.name is not MetricName.BALANCED_ACCURACY:
            places = list(range(1, 2 * self._labels, 2))
        there = self._counts.totals[0, 0]
        return [place for place in places if place < len(there) and there[place]]

    def _of_classes(self, metric: Metric, counts: Array) -> tuple[Array, Array]:
        """Return the mean over the classes of both models, by resample."""
        figure, chosen = _OF_CLASSES[metric.name], counts[:, :, self._classes(metric)]
        labels = chosen[:, 0]
        before, after = (_mean(figure(labels, chosen[:, at], chosen[:, at + 1])) for at in (1, 3))
        return before, after

    def _samples(self, metric: Metric) -> Array:
        """Return the number of samples that each class of a metric rests on."""
        labels, decided = self._counts.totals[0][:2, self._classes(metric)]
        return np.asarray(np.minimum(decided if metric.name is MetricName.PRECISION else labels, len(self._truth)))


def _mean(values: Array) -> Array:
    """Return the mean of each row, without its NaN."""
    known = ~np.isnan(values)
    sums = np.where(known, values, 0.0).sum(axis=1)
    return np.where(known.any(axis=1), sums / np.maximum(known.sum(axis=1), 1), np.nan)
