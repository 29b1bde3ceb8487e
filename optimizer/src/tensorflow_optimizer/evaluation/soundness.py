"""Checks before any figure that a candidate runs, is finite where the original is, and is deterministic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..data import edge_inputs
from ..runners import RunError
from .answers import answers_of

if TYPE_CHECKING:
    from ..data import Dataset
    from ..runners import Runner
    from ..runners.runner import Arrays

_REPEATED = 8


@dataclass(frozen=True)
class EvaluationCase:
    """The samples to try a candidate on, at one signature."""

    original: Runner
    """Judges which edge inputs are legal, and where the answer is not finite by nature."""
    signature: str
    dataset: Dataset
    expected: Arrays
    """The original's answers to the dataset."""


def check_sound(case: EvaluationCase, candidate: Runner, answers: Arrays) -> str | None:
    """Describe what is wrong with the candidate, or return None.

    Args:
        case: The samples.
        candidate: The model to check.
        answers: The candidate's answers to the case's dataset.
    """
    expected, dataset = case.expected, case.dataset
    for name, value in answers.items():
        if value.shape != expected[name].shape:
            return (
                f"its output {name!r} has the shape {list(value.shape[1:])} instead of {list(expected[name].shape[1:])}"
            )
        if not _finite_where(expected[name], value):
            return f"its output {name!r} has values that are not finite where the original's are"
    few = dataset.take(np.arange(min(_REPEATED, dataset.count)))
    # The same batch twice, because another batch size may change the order of additions.
    before, again = (answers_of(candidate, case.signature, few) for _ in range(2))
    for name, value in again.items():
        if not np.array_equal(value, before[name], equal_nan=value.dtype.kind == "f"):
            return f"its output {name!r} differs between two equal requests"
    return _at_the_edges(case, candidate)


def _at_the_edges(case: EvaluationCase, candidate: Runner) -> str | None:
    for edge, samples in edge_inputs(case.dataset).items():
        try:
            expected = answers_of(case.original, case.signature, samples)
        except RunError:
            continue  # not legal for the original either
        try:
            answers = answers_of(candidate, case.signature, samples)
        except RunError as error:
            return f"it fails on inputs of {edge}, which the original answers ({error})"
        for name, value in answers.items():
            if not _finite_where(expected[name], value):
                return f"on inputs of {edge} its output {name!r} is not finite where the original's is"
    return None


def _finite_where(expected: np.ndarray, value: np.ndarray) -> bool:
    if value.dtype.kind not in "fc" or expected.shape != value.shape:
        return True
    return bool(np.isfinite(value)[np.isfinite(expected)].all())
