"""A training set as what passes from the judge to a leaf: a document, and arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..data import Dataset
from ..documents.plain import from_plain, to_plain
from ..evaluation import OutputTask
from .training_set import TrainingSet

if TYPE_CHECKING:
    from ..runners.runner import Arrays

_INPUTS, _LABELS, _ANSWERS = "inputs/", "labels/", "answers/"


def carried(training_set: TrainingSet | None) -> tuple[Any, Arrays]:
    """Return the document and the arrays of a training set; None is carried too."""
    if training_set is None:
        return None, {}
    dataset = training_set.dataset
    groups = {_INPUTS: dataset.inputs, _LABELS: dataset.labels, _ANSWERS: training_set.answers}
    document = {
        "signature": training_set.signature,
        "batched": dataset.batched,
        "tasks": to_plain(dict[str, OutputTask], training_set.tasks),
        "labelShare": training_set.label_share,
        "temperature": training_set.temperature,
        "versions": training_set.versions,
    }
    return document, {f"{group}{name}": value for group, arrays in groups.items() for name, value in arrays.items()}


def training_set_of(document: Any, arrays: Arrays) -> TrainingSet | None:
    """Return the training set of a document and arrays."""
    if document is None:
        return None
    inputs, labels, answers = (
        {name.removeprefix(group): value for name, value in arrays.items() if name.startswith(group)}
        for group in (_INPUTS, _LABELS, _ANSWERS)
    )
    return TrainingSet(
        document["signature"],
        Dataset(inputs, document["batched"], labels),
        answers,
        from_plain(dict[str, OutputTask], document["tasks"], "the tasks"),
        document["labelShare"],
        document["temperature"],
        document["versions"],
    )
