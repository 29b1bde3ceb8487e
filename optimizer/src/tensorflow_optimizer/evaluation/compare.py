"""Compares a model's figures with the original's, output by output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.classes import fraction_problem, range_problem, shape_problem
from ..documents.job import MetricName, ModelTask
from ..documents.outcome import Loss, OutputMetrics
from ..errors import BadInputError
from ..hints import Hint
from . import statistics
from .metric_losses import confusion_of, losses_of, scores_of
from .regression import check_numbers, error_comparison, error_figures
from .tasks import inner

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from ..documents.job import Metric
    from .tasks import OutputTask

    Array = NDArray[Any]

_BALANCED = MetricName.BALANCED_ACCURACY.value


def rate(task: OutputTask, output: Array, labels: Array | None, asked: Collection[Metric] = ()) -> OutputMetrics:
    """Return the original's own figures: its accuracy or its errors, if there are labels."""
    if labels is None:
        return OutputMetrics(task=task.describe())
    if task.task is ModelTask.REGRESSION:
        figures = error_figures(output, labels)
        return OutputMetrics(task=task.describe(), scores=_scores_of(figures), **figures)
    truth = _truth(task, output, labels)
    scores = scores_of(task, output, truth, asked)
    return OutputMetrics(
        task=task.describe(),
        accuracy=float(_correct(task, output, labels).mean()),
        balanced_accuracy=scores[_BALANCED],
        scores=scores,
        confusion=confusion_of(task, output, truth),
    )


def compare(  # noqa: PLR0913 - what is compared, and what is known about it
    task: OutputTask,
    original: Array,
    candidate: Array,
    labels: Array | None,
    *,
    seed: int,
    real: bool,
    asked: Collection[Metric] = (),
) -> OutputMetrics:
    """Return how `candidate` compares with `original` on the same samples.

    Args:
        task: The output's task.
        original: The original's answers.
        candidate: The candidate's answers.
        labels: The labels, if any.
        seed: Seed of the bootstrap.
        real: The samples are real: agreement on generated ones says nothing, and is left out.
        asked: Metrics to measure beside the usual ones.
    """
    figures: dict[str, Any] = {"task": task.describe()}
    classes = task.task is not ModelTask.REGRESSION
    if labels is not None and classes:
        right, candidate_right = _correct(task, original, labels), _correct(task, candidate, labels)
        loss, interval = statistics.paired_loss(right, candidate_right)
        truth = _truth(task, original, labels)
        losses = losses_of(task, original, candidate, truth, asked, seed)
        figures |= {
            "accuracy": float(candidate_right.mean()),
            "balanced_accuracy": losses[_BALANCED].after,
            "accuracy_loss": loss,
            "accuracy_loss_interval": interval,
            "scores": {key: it.after for key, it in losses.items()},
            "losses": {
                key: Loss(value=it.before - it.after, interval=it.interval)
                for key, it in losses.items()
                if it.interval is not None
            },
            "confusion": confusion_of(task, candidate, truth),
        }
    if labels is not None and not classes:
        errors = error_comparison(original, candidate, labels, seed)
        figures |= {**errors, "scores": _scores_of(errors)}
        if np.isfinite(errors["error_increase_interval"]).all():
            increase = Loss(value=errors["error_increase"], interval=errors["error_increase_interval"])
            figures["losses"] = {MetricName.MEAN_ABSOLUTE_ERROR.value: increase}
    if real and classes:
        same = _per_sample(task.decisions(original) == task.decisions(candidate))
        agreement, interval = statistics.proportion(same)
        figures |= {"agreement": agreement, "agreement_interval": interval}
    if original.dtype.kind in "iuf" and not task.indices:
        error, interval = statistics.relative_error(original, candidate, seed)
        figures |= {
            "relative_error": error,
            "relative_error_interval": interval,
            "snr_decibels": statistics.decibels(error),
        }
    return OutputMetrics(**figures)


def accuracy_beside(task: OutputTask, other: Array, candidate: Array, labels: Array) -> tuple[float, Loss] | None:
    """Return the accuracy of another model on the same samples, and what the candidate loses against it.

    None if labels cannot judge the output.
    """
    if task.task is ModelTask.REGRESSION:
        return None
    right = _correct(task, other, labels)
    loss, interval = statistics.paired_loss(right, _correct(task, candidate, labels))
    return float(right.mean()), Loss(value=loss, interval=interval)


def check_labels(name: str, task: OutputTask, output: Array, labels: Array) -> None:
    """Reject labels that cannot belong to an output.

    Raises:
        BadInputError: Shape or range do not fit.
    """
    if task.task is ModelTask.REGRESSION:
        check_numbers(name, task, output, labels)
        return
    expected = task.decisions(output).shape
    truth = _truth(task, output, labels)
    if truth.shape != expected:
        raise BadInputError(shape_problem(name, labels.shape, expected, task.describe()), Hint.TASKS)
    if task.indices or output.dtype.kind == "O":
        return
    if truth.dtype.kind not in "iu":
        raise BadInputError(fraction_problem(name, str(labels.dtype), task.describe()), Hint.TASKS)
    top = output.shape[-1] - 1 if task.task is ModelTask.MULTICLASS else 1
    if truth.min() < 0 or truth.max() > top:
        problem = range_problem(name, int(truth.min()), int(truth.max()), top, task.describe())
        raise BadInputError(problem, Hint.TASKS)


def truth_of(task: OutputTask, output: Array, labels: Array) -> Array:
    """Return the labels in the form of the output's decisions."""
    return _truth(task, output, labels)


def _truth(task: OutputTask, output: Array, labels: Array) -> Array:
    if labels.dtype.kind == "b":
        labels = labels.astype(np.int64)
    shape = task.decisions(output).shape
    scores = task.task is ModelTask.MULTICLASS and not task.indices
    if scores and inner(labels.shape) == inner(output.shape):
        return np.asarray(labels.reshape(output.shape).argmax(axis=-1))
    if labels.shape != shape and labels.size == np.prod(shape):
        labels = labels.reshape(shape)
    if labels.dtype.kind == "f" and np.equal(np.mod(labels, 1), 0).all():
        labels = labels.astype(np.int64)
    return labels


def _correct(task: OutputTask, output: Array, labels: Array) -> Array:
    """Correctness by sample: 0 or 1, or the share of right decisions where a sample has several."""
    return _per_sample(task.decisions(output) == _truth(task, output, labels))


def _scores_of(errors: Mapping[str, Any]) -> dict[str, float]:
    error = errors["mean_absolute_error"]
    return {} if error is None else {MetricName.MEAN_ABSOLUTE_ERROR.value: error}


def _per_sample(matches: Array) -> Array:
    return matches.reshape(len(matches), -1).mean(axis=1)
