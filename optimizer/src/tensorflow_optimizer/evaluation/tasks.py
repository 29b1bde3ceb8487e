"""Determines the task of each output: stated by the job, or inferred from labels and the original's answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..documents.job import ModelTask
from ..errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[Any]

#: Probability of what is impossible, as a score.
_SMALLEST = 1e-7


@dataclass(frozen=True)
class OutputTask:
    """The task of an output, and how its decisions are read."""

    task: ModelTask
    logits: bool = False
    """Scores before softmax or sigmoid: decided at 0, where probabilities are decided at 0.5."""
    indices: bool = False
    """The output is the class itself, not a score for each."""
    stated: bool = False

    def decisions(self, output: Array) -> Array:
        """Return the output's decision for each sample: a class, or 0 and 1."""
        if self.indices or self.task is ModelTask.REGRESSION:
            return output
        if self.task is ModelTask.MULTICLASS:
            # An output of NaN decides nothing, but argmax would return class 0.
            return np.where(np.isnan(output).any(axis=-1), -1, output.argmax(axis=-1))
        return np.where(np.isnan(output), -1, output > (0.0 if self.logits else 0.5)).astype(np.int64)

    def describe(self) -> str:
        """Return the task in words, for people."""
        if self.task is ModelTask.REGRESSION:
            return f"{self.task}{'' if self.stated else ' (inferred)'}"
        form = "class numbers" if self.indices else "logits" if self.logits else "probabilities"
        return f"{self.task} ({form}{'' if self.stated else ', inferred'})"


def infer_tasks(
    outputs: Mapping[str, Array],
    labels: Mapping[str, Array],
    stated: Mapping[str, ModelTask],
    class_names: list[str] | None,
) -> dict[str, OutputTask]:
    """Return the task of each output.

    Args:
        outputs: The original's answers, dimension 0 being the sample.
        labels: The labels, if any.
        stated: Tasks from the job.
        class_names: Class names from the job: an output with as many scores is multiclass.

    Raises:
        BadInputError: A stated task does not fit its output, or names none.
    """
    unknown = sorted(set(stated) - set(outputs))
    if unknown:
        raise BadInputError(
            f"the job states a task for {', '.join(map(repr, unknown))}, but the outputs are "
            f"{', '.join(map(repr, sorted(outputs)))}"
        )
    return {
        name: _stated(name, stated[name], value)
        if name in stated
        else _inferred(name, value, labels.get(name), class_names)
        for name, value in outputs.items()
    }


def _stated(name: str, task: ModelTask, output: Array) -> OutputTask:
    numeric = output.dtype.kind in "biufc"
    if task is ModelTask.REGRESSION and numeric:
        return OutputTask(task, stated=True)
    if output.dtype.kind in "iuOb" and task in (ModelTask.MULTICLASS, ModelTask.BINARY):
        return OutputTask(task, indices=True, stated=True)
    if not numeric or (task is ModelTask.MULTICLASS and (output.ndim < 2 or output.shape[-1] < 2)):
        raise BadInputError(
            f"the job states the task {task} for the output {name!r}, which has {output.dtype} of shape "
            f"{list(output.shape[1:])} for each sample"
        )
    return OutputTask(task, logits=not _within_unit(output), stated=True)


def inner(shape: tuple[int, ...]) -> list[int]:
    """Return the dimensions of one sample without 1s, which are a batch of one row or a lone channel."""
    return [size for size in shape[1:] if size != 1]


def _inferred(name: str, output: Array, labels: Array | None, class_names: list[str] | None) -> OutputTask:
    if output.dtype.kind in "iuOSUb":
        return OutputTask(ModelTask.BINARY if output.dtype.kind == "b" else ModelTask.MULTICLASS, indices=True)
    unit = _within_unit(output)
    if output.ndim == 1 or output.shape[-1] == 1:
        return _by_one_score(output, labels, unit=unit)
    if labels is not None:
        return _by_labels(output, labels, unit=unit)
    return _by_values(name, output, class_names, unit=unit)


def _by_one_score(output: Array, labels: Array | None, *, unit: bool) -> OutputTask:
    points = inner(output.shape)
    if labels is None:
        # With many points it may be an image.
        return OutputTask(ModelTask.BINARY if unit and not points else ModelTask.REGRESSION)
    if points and inner(labels.shape) != points:
        return OutputTask(ModelTask.REGRESSION)
    values = np.unique(labels)
    # Two classes with other numbers are rejected, with the advice to renumber them.
    two = bool(np.isin(values, (0, 1)).all()) or (unit and len(values) <= 2 and _whole(values))
    return OutputTask(ModelTask.BINARY, logits=not unit) if two else OutputTask(ModelTask.REGRESSION)


def _by_values(name: str, output: Array, class_names: list[str] | None, *, unit: bool) -> OutputTask:
    if unit and _sums_to_one(output):
        return OutputTask(ModelTask.MULTICLASS)
    single = len(inner(output.shape)) == 1
    if single and (_named_logits(name) or (class_names and len(class_names) == output.shape[-1])):
        return OutputTask(ModelTask.MULTICLASS, logits=not unit)
    if single and unit:
        return OutputTask(ModelTask.MULTILABEL)
    return OutputTask(ModelTask.REGRESSION)


def _by_labels(output: Array, labels: Array, *, unit: bool) -> OutputTask:
    if inner(labels.shape) == inner(output.shape):
        if not np.isin(labels, (0, 1)).all():
            return OutputTask(ModelTask.REGRESSION)
        one_hot = bool((labels.reshape(output.shape).sum(axis=-1) == 1).all())
        scores = _sums_to_one(output) if unit else one_hot
        return OutputTask(ModelTask.MULTICLASS if one_hot and scores else ModelTask.MULTILABEL, logits=not unit)
    if _whole(labels) and labels.size == output.size // output.shape[-1]:
        return OutputTask(ModelTask.MULTICLASS, logits=not unit)
    return OutputTask(ModelTask.REGRESSION)


def _whole(labels: Array) -> bool:
    return labels.dtype.kind in "biu" or (labels.dtype.kind == "f" and bool(np.equal(np.mod(labels, 1), 0).all()))


def _within_unit(output: Array) -> bool:
    finite = output[np.isfinite(output)]
    return bool(finite.size) and bool((finite >= -1e-6).all()) and bool((finite <= 1 + 1e-6).all())


def _sums_to_one(output: Array) -> bool:
    return bool(np.allclose(np.nansum(output, axis=-1), 1.0, atol=1e-2))


def _named_logits(name: str) -> bool:
    return "logit" in name.lower()


def has_form(task: OutputTask, output: Array) -> bool:
    """Say whether another model's output has the same form: scores, or probabilities.

    True if the values do not show it.
    """
    if task.task is ModelTask.REGRESSION or task.indices or not output.size:
        return True
    multiclass = task.task is ModelTask.MULTICLASS
    probabilities = _within_unit(output) and (not multiclass or _sums_to_one(output))
    # Scores may also lie between 0 and 1, but scores of classes that sum to 1 in every row are probabilities.
    return not (probabilities and multiclass) if task.logits else probabilities


def own_form(task: OutputTask, output: Array) -> OutputTask:
    """Return the task as the values of another model's output show it: decided by scores, or by probabilities."""
    if task.task not in (ModelTask.BINARY, ModelTask.MULTILABEL) or task.indices:
        return task  # The greatest score is the greatest probability.
    return replace(task, logits=not _within_unit(output))


def in_form_of(task: OutputTask, own: OutputTask, output: Array) -> Array:
    """Return an output of the form `own` in that of `task`, with the same decisions."""
    if own.logits == task.logits:
        return output
    values = output.astype(np.float64)
    if own.logits:
        return np.asarray(0.5 + 0.5 * np.tanh(values / 2))
    clipped = np.clip(values, _SMALLEST, 1 - _SMALLEST)
    return np.asarray(np.log(clipped) - np.log1p(-clipped))
