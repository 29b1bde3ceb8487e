"""Measures by Cohen's kappa whether a model decides better than chance, given the frequency of each answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..documents.job import ModelTask
from .compare import truth_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .tasks import OutputTask

    Array = NDArray[Any]

#: Most decisions to compare. With more (masks have one for each point), only some of each sample are used.
_MOST_DECISIONS = 4_000_000
#: Number of samples below which only the point estimate is compared with chance.
ENOUGH_TO_TEST = 50
#: Share of the equal number of samples below which a class is reported as rare.
_RARE = 0.4
_PERMUTATIONS = 199
#: Most permuted orders that may do as well: with the true order 5 of 200, 2.5 %, one tail of a 95 % interval.
_AS_GOOD_BY_CHANCE = 4


class Beside:
    """Decisions and truth. Chance is what remains when the truth is permuted between samples."""

    def __init__(self, decisions: Array, truth: Array) -> None:
        """Take decisions and truth of the same shape, dimension 0 being the sample.

        Args:
            decisions: Decisions of a model.
            truth: The labels, or the decisions of another model.
        """
        self._count = len(decisions)
        step = 1 + decisions.size // _MOST_DECISIONS
        both = np.stack([entry.reshape(self._count, -1)[:, ::step] for entry in (decisions, truth)])
        values, codes = np.unique(both, return_inverse=True)
        self._decided, self._truth = codes.reshape(both.shape).astype(np.int32)
        self._matches = self._matches_with(self._truth)
        # Each position in a sample has its own frequencies: that the corners of all masks are 0 proves nothing.
        offsets = np.arange(both.shape[2], dtype=np.int64) * len(values)
        decided, true = (
            np.bincount((entry + offsets).ravel(), minlength=both.shape[2] * len(values))
            for entry in (self._decided, self._truth)
        )
        self._by_chance = int(decided @ true)
        """Matches of every sample with the truth of every sample; in whole numbers, so that equal is equal."""

    @property
    def chance(self) -> float:
        """The share of right decisions by chance."""
        return float(self._by_chance / (self._decided.size * self._count))

    @property
    def kappa(self) -> float:
        """Cohen's kappa: 1 where all is right, 0 at chance."""
        possible = self._decided.size * self._count - self._by_chance
        return float(self._above_chance / possible) if possible else 0.0

    @property
    def varies(self) -> bool:
        """True if the truth differs between samples; otherwise its frequencies say nothing."""
        return bool((self._truth != self._truth[:1]).any())

    @property
    def constant(self) -> bool:
        """True if the model always decides the same."""
        return bool((self._decided == self._decided[0, 0]).all())

    def is_better_than_chance(self) -> bool:
        """Test by a seeded permutation test whether the decisions relate to the truth, if there are enough samples."""
        if self._above_chance <= 0:
            return False
        if self._count < ENOUGH_TO_TEST:
            return True
        random = np.random.default_rng(0)
        as_good = 0
        for _ in range(_PERMUTATIONS):
            as_good += self._matches_with(self._truth[random.permutation(self._count)]) >= self._matches
            if as_good > _AS_GOOD_BY_CHANCE:
                return False
        return True

    @property
    def _above_chance(self) -> int:
        return self._matches * self._count - self._by_chance

    def _matches_with(self, truth: Array) -> int:
        return int((self._decided == truth).sum())


def collapse(task: OutputTask, original: Array, candidate: Array, labels: Array | None) -> tuple[float, str] | None:
    """Describe by kappa and a sentence that a candidate no longer decides like the original; None if it does.

    Accuracy alone does not show it: always answering "no" is right as often as "no" occurs.

    Args:
        task: The output's task.
        original: The original's answers to real samples.
        candidate: The candidate's answers.
        labels: The labels, if any; otherwise the original's decisions are the truth.
    """
    if task.task is ModelTask.REGRESSION:
        return None
    before, after = task.decisions(original), task.decisions(candidate)
    truth = before if labels is None else truth_of(task, original, labels)
    own = Beside(after, truth)
    if labels is not None and not own.varies:
        truth = before
        own = Beside(after, truth)
    if own.kappa > 0 or not Beside(before, truth).is_better_than_chance():
        return None
    how = f"always decides {_shown(after)}" if own.constant else "decides no better than chance"
    return own.kappa, f"{how} (Cohen's kappa {own.kappa:.2g}), and the original does not"


def rarest(task: OutputTask, output: Array, labels: Array) -> tuple[str, float] | None:
    """Return the rarest class among the labels and its share; None if there is only one class."""
    if task.task is ModelTask.REGRESSION:
        return None
    values, counts = np.unique(truth_of(task, output, labels), return_counts=True)
    if len(values) < 2:
        return None
    place = int(counts.argmin())
    return _shown(values[place]), float(counts[place] / counts.sum())


def imbalance(task: OutputTask, output: Array, labels: Array) -> str | None:
    """Describe the rarest class if the labels are imbalanced.

    Rare is less than two fifths of an equal share, 20 % with two classes, where chance does not explain it. Of several
    labels, each is two classes.
    """
    if task.task is ModelTask.REGRESSION:
        return None
    truth = truth_of(task, output, labels)
    columns = np.moveaxis(truth, -1, 0) if task.task is ModelTask.MULTILABEL else truth[None]
    found: list[tuple[float, str]] = []
    for number, column in enumerate(columns):
        values, counts = np.unique(column, return_counts=True)
        equal, least = column.size / len(values), int(counts.argmin())
        # With few samples of each class, some have few by chance: three standard deviations of a count.
        if counts[least] < min(_RARE * equal, equal - 3 * equal**0.5):
            which = f" of the label {number}" if len(columns) > 1 else ""
            share = float(counts[least] / column.size)
            found.append((share, f"the class {_shown(values[least])}{which} has {share:.2%} of the samples"))
    return min(found)[1] if found else None


def _shown(decision: Any) -> str:
    value = np.asarray(decision).ravel()[0]
    return repr(value.decode("utf-8", "replace")) if isinstance(value, bytes) else str(value)
