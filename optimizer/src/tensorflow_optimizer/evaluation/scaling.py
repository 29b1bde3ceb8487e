"""Tests whether the inputs are scaled as in training, if there are labels: pixels from 0 to 1, or from 0 to 255."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..documents.outcome import InputRange
from ..runners import RunError
from .answers import answers_of
from .compare import rate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..data import Dataset
    from ..runners import Runner
    from .tasks import OutputTask

_FACTORS = {255.0: "255 times as large", 1 / 255.0: "divided by 255"}
#: The greatest value of pixels that each of these could be meant for.
_GREATEST = {255.0: 1.0, 1 / 255.0: 255.0}
#: Keeps the trial cheap; a wrong scale shows on few samples.
_SAMPLES = 256
#: A difference in accuracy too large for chance.
_CLEARLY_BETTER = 0.1


def ranges_of(dataset: Dataset) -> dict[str, InputRange]:
    """Return the range of each input, except text."""
    return {
        name: InputRange(
            dtype=value.dtype.name,
            minimum=float(np.nanmin(value)),
            maximum=float(np.nanmax(value)),
            mean=float(np.nanmean(value.astype(np.float64))),
        )
        for name, value in dataset.inputs.items()
        if value.dtype.kind in "iuf" and value.size and not np.isnan(value.astype(np.float64)).all()
    }


def expected_scale(
    runner: Runner, signature: str, dataset: Dataset, tasks: Mapping[str, OutputTask], batch: int
) -> str | None:
    """Return the scale that the model seems to expect, or None if labels cannot tell.

    Returns:
        `as given`, or a scale at which the original is right far more often, with both accuracies.
    """
    few = dataset.take(np.arange(min(_SAMPLES, dataset.count)))
    given = _accuracy(runner, signature, few, tasks, batch)
    if given is None:
        return None
    best, better = "as given", given
    for factor, words in _FACTORS.items():
        if not _are_pixels(few, _GREATEST[factor]):
            continue
        scaled = {
            name: (value * factor).astype(value.dtype) if value.dtype.kind == "f" else value
            for name, value in few.inputs.items()
        }
        found = _accuracy(runner, signature, replace(few, inputs=scaled), tasks, batch)
        if found is not None and found > max(better, given + _CLEARLY_BETTER):
            best, better = f"{words} (then {found:.1%} of the answers are right, instead of {given:.1%})", found
    return best


def _are_pixels(dataset: Dataset, greatest: float) -> bool:
    """Say whether an input may hold pixels; other numbers, such as standardized ones, have no scale to mistake."""
    floats = [value for value in dataset.inputs.values() if value.dtype.kind == "f" and np.isfinite(value).any()]
    return any(float(np.nanmin(value)) >= 0 and float(np.nanmax(value)) <= greatest for value in floats)


def _accuracy(
    runner: Runner, signature: str, dataset: Dataset, tasks: Mapping[str, OutputTask], batch: int
) -> float | None:
    """Return the mean accuracy over the outputs with labels; None if there are none."""
    if not dataset.labels or not dataset.count:
        return None
    try:
        answers = answers_of(runner, signature, dataset, batch)
    except RunError:
        return None
    rated = [rate(tasks[name], answers[name], labels).accuracy for name, labels in dataset.labels.items()]
    known = [rating for rating in rated if rating is not None]
    return sum(known) / len(known) if known else None
