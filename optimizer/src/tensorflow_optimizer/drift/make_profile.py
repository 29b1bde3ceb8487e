"""Makes profile.json from evaluation data and the published model's answers to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..documents.job import ModelTask
from ..documents.profile import Direction, Feature, Profile, ProfiledTensor, Summary
from .features import CELLS, MOST_ELEMENTS, counts_of, named_counts, values_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from ..data import Dataset
    from ..documents.manifest import Draft, Tensor
    from ..evaluation import OutputTask

    Array = NDArray[Any]

#: Most features of a profile, with which the file stays below about 10 kB.
MOST_FEATURES = 48
#: Most samples of a profile. More hardly sharpen a distribution.
MOST_SAMPLES = 2000
_BINS = 10
#: The fewest samples that a bin should have.
_PER_BIN = 20
#: Most different values of a category. More values are numbers.
_FEW_VALUES = 12
_CATEGORIES = 32
#: A rarer value could tell about one person.
_FREQUENT = 10
_LONGEST_TEXT = 64
#: Numbers that differ by less, relative to the greatest one, are the same.
_SAME = 1e-6


def profiled_rows(dataset: Dataset) -> Dataset:
    """Return the samples that are profiled: all of them, or some at equal distances."""
    if dataset.count <= MOST_SAMPLES:
        return dataset
    return dataset.take(np.linspace(0, dataset.count - 1, MOST_SAMPLES).astype(np.int64))


def make_profile(
    draft: Draft, dataset: Dataset, answers: Mapping[str, Array], tasks: Mapping[str, OutputTask]
) -> Profile:
    """Return the profile of the default signature.

    Args:
        draft: The model.
        dataset: Real samples.
        answers: The model's answers to them, dimension 0 being the sample.
        tasks: The task of each output.
    """
    signature = draft.signatures[draft.default_signature]
    inputs = {name: _tensor(tensor, batched=dataset.batched) for name, tensor in signature.inputs.items()}
    outputs = {name: _tensor(tensor, batched=dataset.batched) for name, tensor in signature.outputs.items()}
    empty = [
        *(
            entry
            for name, tensor in outputs.items()
            for entry in _of_output(name, tensor, tasks.get(name), answers[name])
        ),
        *(entry for name, tensor in inputs.items() for entry in _of_tensor(Direction.INPUT, name, tensor)),
    ]
    arrays = {Direction.INPUT: dataset.inputs, Direction.OUTPUT: answers}
    features = [
        _filled(entry, values_of(entry, np.asarray(arrays[entry.direction][entry.tensor])))
        for entry in empty[:MOST_FEATURES]
    ]
    return Profile(
        model=draft.model,
        signature=draft.default_signature,
        batched=dataset.batched,
        samples=dataset.count,
        inputs=inputs,
        outputs=outputs,
        features=features,
        omitted_features=len(empty) - len(features),
    )


def _tensor(tensor: Tensor, *, batched: bool) -> ProfiledTensor:
    return ProfiledTensor(dtype=tensor.dtype, shape=tensor.shape[1:] if batched else tensor.shape)


def _of_output(name: str, tensor: ProfiledTensor, task: OutputTask | None, answers: Array) -> Iterator[Feature]:
    """Yield the features of an output: the decision and its score, where a sample has one decision."""
    new = {"direction": Direction.OUTPUT, "tensor": name}
    size = int(np.prod(answers.shape[1:], dtype=np.int64))
    several = tensor.dtype == "string" or (task is not None and task.indices) or answers.dtype.kind not in "iuf"
    if task is None or several or -1 in tensor.shape:
        yield from _of_tensor(Direction.OUTPUT, name, tensor)
    elif task.task is ModelTask.MULTICLASS and answers.shape[-1] == size:
        yield _empty(**new, summary=Summary.CLASS)
        yield _empty(**new, summary=Summary.SCORE)
    elif task.task is ModelTask.BINARY and size == 1:
        yield _empty(**new, summary=Summary.CLASS, threshold=0.0 if task.logits else 0.5)
        yield _empty(**new, summary=Summary.ELEMENT, index=0)
    else:
        yield from _of_tensor(Direction.OUTPUT, name, tensor)


def _of_tensor(direction: Direction, name: str, tensor: ProfiledTensor) -> Iterator[Feature]:
    new = {"direction": direction, "tensor": name}
    sized = -1 not in tensor.shape
    size = int(np.prod(tensor.shape, dtype=np.int64)) if sized else 0
    if tensor.dtype == "string":
        if size == 1:
            yield _empty(**new, summary=Summary.TEXT)
        yield _empty(**new, summary=Summary.LENGTH)
    elif tensor.dtype.startswith("complex") or (sized and not size):
        return
    elif sized and size <= MOST_ELEMENTS:
        for index in range(size):
            yield _empty(**new, summary=Summary.ELEMENT, index=index)
    else:
        yield _empty(**new, summary=Summary.MEAN)
        yield _empty(**new, summary=Summary.DEVIATION)
        for index in range(CELLS if sized else 0):
            yield _empty(**new, summary=Summary.CELL, index=index)


def _empty(**fields: Any) -> Feature:
    return Feature(**fields, categories=[], counts=[0])


def _filled(feature: Feature, values: Array) -> Feature:
    """Return the feature with the distribution of these values."""
    if feature.summary in {Summary.TEXT, Summary.CLASS} or len(np.unique(values)) <= _FEW_VALUES:
        names = named_counts(values).most_common(_CATEGORIES)
        frequent = [name for name, count in names if count >= _FREQUENT and len(name) <= _LONGEST_TEXT]
        made = feature.model_copy(update={"categories": frequent})
    else:
        made = feature.model_copy(update={"categories": None, "edges": _edges(values)})
    finite = values[np.isfinite(values)] if values.dtype != object else values[:0]
    mean = _rounded(float(finite.mean())) if finite.size else None
    made = made.model_copy(update={"counts": counts_of(made, values), "mean": mean})
    return Feature.model_validate(made.model_dump())


def _edges(values: Array) -> list[float]:
    """Return the ends of bins with about equal counts, each between two values of the data and equal to none."""
    ordered = np.sort(values[np.isfinite(values)])
    if not ordered.size:
        return []
    distance = _SAME * max(abs(float(ordered[0])), abs(float(ordered[-1])))
    # Indices of the last of each run of equal values, the greatest one excluded.
    ends = np.flatnonzero(np.diff(ordered) > distance)
    if not ends.size:
        return []
    count = int(np.clip(ordered.size // _PER_BIN, 2, _BINS))
    wanted = ordered.size * np.arange(1, count) / count - 1
    nearest = np.unique(ends[np.abs(ends[np.newaxis, :] - wanted[:, np.newaxis]).argmin(axis=1)])
    return [_between(float(ordered[end]), float(ordered[end + 1])) for end in nearest]


def _between(low: float, high: float) -> float:
    """Return a number between two, with as few digits as possible."""
    # The distance of the greatest floats is infinite.
    middle = low + (high - low) / 2 if np.isfinite(high - low) else low / 2 + high / 2
    for digits in range(2, 17):
        rounded = float(f"{middle:.{digits}g}")
        if low < rounded < high:
            return rounded
    return middle


def _rounded(number: float) -> float:
    return float(f"{number:.4g}")
