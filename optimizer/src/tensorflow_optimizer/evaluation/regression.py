"""Errors of numbers against labels: MAE, RMSE, R², and the increase of the error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BadInputError
from ..hints import Hint
from . import statistics
from .tasks import inner

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .tasks import OutputTask

    Array = NDArray[Any]

#: Minimum error, relative to the labels' mean deviation: the rounding of a conversion must not count as an increase for
#: an original that is nearer to its labels.
_LEAST_ERROR = 1e-3


def check_numbers(name: str, task: OutputTask, output: Array, labels: Array) -> None:
    """Reject labels that an output's numbers cannot be compared with.

    Raises:
        BadInputError: The shape differs, or they are not all finite numbers.
    """
    if labels.dtype.kind not in "biuf":
        raise BadInputError(
            f"the labels of the output {name!r} are no numbers ({labels.dtype}), but it answers numbers "
            f"({task.describe()}); give the number that it should answer, or say as its task what the output decides",
            Hint.TASKS,
        )
    if len(labels) != len(output) or inner(labels.shape) != inner(output.shape):
        raise BadInputError(
            f"the labels of the output {name!r} have the shape {list(labels.shape)}, expected {list(output.shape)}: "
            f"{task.describe()}; give one number for each that it answers, or say as its task what the output decides",
            Hint.TASKS,
        )
    missing = int((~np.isfinite(labels.astype(np.float64))).sum())
    if missing:
        raise BadInputError(
            f"the labels of the output {name!r} have {missing} values that are no finite numbers; leave out the "
            "samples whose label is not known"
        )


def error_figures(output: Array, labels: Array) -> dict[str, float | None]:
    """Return an output's errors against its labels, as metrics.

    R² compares with always answering the labels' mean, separately for each number of the output; None if the labels do
    not vary.
    """
    truth, values = _rows(labels), _rows(output)
    known = np.isfinite(values)
    squares = np.where(known, values - truth, 0.0) ** 2
    total = float((np.where(known, truth - truth.mean(axis=0), 0.0) ** 2).sum())
    count = int(known.sum())
    return {
        "mean_absolute_error": float(np.sqrt(squares).sum() / count) if count else None,
        "root_mean_squared_error": float(np.sqrt(squares.sum() / count)) if count else None,
        "r_squared": 1.0 - float(squares.sum()) / total if total > 0 else None,
    }


def error_comparison(original: Array, candidate: Array, labels: Array, seed: int) -> dict[str, Any]:
    """Return a candidate's errors and their increase on the same samples, as metrics."""
    truth, before, after = _rows(labels), _rows(original), _rows(candidate)
    known = np.isfinite(before)
    errors = np.where(known, np.abs(before - truth), 0.0).mean(axis=1)
    candidate_errors = np.where(known, np.abs(np.where(np.isfinite(after), after, np.inf) - truth), 0.0).mean(axis=1)
    increase, interval = statistics.error_increase(errors, candidate_errors, _LEAST_ERROR * _deviation(truth), seed)
    return {**error_figures(candidate, labels), "error_increase": increase, "error_increase_interval": interval}


def errs_like_a_constant(output: Array, labels: Array) -> float | None:
    """Return an output's R² if a constant would be as near to the labels; None if the output is nearer.

    Uses squared and absolute errors, so that a few outliers do not condemn a model.
    """
    figures = error_figures(output, labels)
    r_squared, error = figures["r_squared"], figures["mean_absolute_error"]
    if r_squared is None or error is None or r_squared > 0:
        return None
    truth = _rows(labels)
    return r_squared if error >= float(np.abs(truth - np.median(truth, axis=0)).mean()) else None


def _deviation(truth: Array) -> float:
    """Return the labels' deviation from their mean, or from 0 if they do not vary."""
    deviation = float(np.abs(truth - truth.mean(axis=0)).mean())
    return deviation or float(np.abs(truth).mean())


def _rows(values: Array) -> Array:
    return np.asarray(values, dtype=np.float64).reshape(len(values), -1)
