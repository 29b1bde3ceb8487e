"""Checks the original before it is used as a reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..documents.job import ModelTask
from ..errors import BadInputError, UnsupportedError
from ..hints import Hint
from ..signatures.select import OTHER_PATHS
from . import statistics
from .answers import answers_of
from .chance import ENOUGH_TO_TEST, Beside
from .closeness import is_close
from .compare import truth_of
from .regression import error_figures, errs_like_a_constant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from ..data import Dataset
    from ..runners import Runner
    from ..runners.runner import Arrays
    from .tasks import OutputTask

    Array = NDArray[Any]

_BATCH_OF = 4


def check_repeatable(first: Arrays, second: Arrays) -> None:
    """Reject an original that answers equal inputs differently, because nothing can be compared with it.

    Raises:
        UnsupportedError: The answers differ.
    """
    for name, value in first.items():
        if not is_close(value, second[name], 1e-5):
            raise UnsupportedError(
                f"the model is not deterministic: its output {name!r} differs between two equal requests (dropout, "
                "sampling or other random operators are active); export it for inference, with training=False"
            )


def check_batch(runner: Runner, signature: str, dataset: Dataset) -> None:
    """Reject a model whose answer for a row depends on the other rows: LiteRT gets one row at a time.

    Raises:
        UnsupportedError: Four rows together differ from the same four one by one.
    """
    if not dataset.batched or dataset.count < _BATCH_OF:
        return
    rows = dataset.take(np.arange(_BATCH_OF))
    together = runner.run(signature, rows.call(0, _BATCH_OF))
    single = answers_of(runner, signature, rows, batch=1)
    for name, value in together.items():
        if value.shape != single[name].shape or not is_close(value, single[name], 1e-3):
            raise UnsupportedError(
                f"the output {name!r} depends on the batch: four rows together are answered differently from the same "
                f"four one by one, and Lambda serves them one by one; {OTHER_PATHS}",
                Hint.TENSORFLOW_SERVING,
            )


def check_chance(outputs: Mapping[str, Array], labels: Mapping[str, Array], tasks: Mapping[str, OutputTask]) -> None:
    """Reject labels that the original does not predict better than a guess.

    Raises:
        BadInputError: An output's accuracy is at chance, or a constant for all samples has less error.
    """
    for name, truth in labels.items():
        task = tasks[name]
        if task.task is ModelTask.REGRESSION:
            _check_errors(name, outputs[name], truth)
            continue
        decisions, expected = task.decisions(outputs[name]), truth_of(task, outputs[name], truth)
        right = (decisions == expected).reshape(len(decisions), -1).mean(axis=1)
        accuracy, (low, _) = statistics.proportion(right)
        beside = Beside(decisions, expected)
        if beside.varies:
            chance, better = beside.chance, beside.is_better_than_chance()
        else:
            # One class only: its frequency says nothing.
            chance = 1.0 / _classes(task, outputs[name])
            better = (low if len(right) >= ENOUGH_TO_TEST else accuracy) > chance
        if not better:
            raise BadInputError(
                f"labels or preprocessing do not match this model: the original's accuracy at the output {name!r} is "
                f"{accuracy:.1%} over {len(right)} samples, no better than chance ({chance:.1%}), as "
                f"{task.describe()}; check that the inputs are scaled as in training and that the labels are numbered "
                "in the order of the output, or say as its task what the output decides",
                Hint.TASKS,
            )


def _check_errors(name: str, output: Array, labels: Array) -> None:
    r_squared = errs_like_a_constant(output, labels)
    if r_squared is not None:
        error = error_figures(output, labels)["mean_absolute_error"]
        raise BadInputError(
            f"labels or preprocessing do not match this model: the original's mean absolute error at the output "
            f"{name!r} is {error:.4g} over {len(output)} samples (R² {r_squared:.3g}), no better than one number for "
            "all of them; check that inputs and labels are scaled as in training and in the order of the output, or "
            "say as its task what the output decides",
            Hint.TASKS,
        )


def _classes(task: OutputTask, output: Array) -> int:
    if task.task is ModelTask.MULTICLASS and not task.indices:
        return int(output.shape[-1])
    return max(2, len(np.unique(output))) if task.indices else 2
