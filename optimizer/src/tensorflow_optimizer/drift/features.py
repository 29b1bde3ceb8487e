"""The features of samples: each takes one number or one category from a tensor."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from ..documents.profile import Summary

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..documents.profile import Feature

    Array = NDArray[Any]

#: A tensor with more elements is summarised.
MOST_ELEMENTS = 16
#: Cells on each side of the grid; a vector has as many segments as the grid has cells.
_SIDE = 3
CELLS = _SIDE * _SIDE


def values_of(feature: Feature, tensor: Array) -> Array:
    """Return the feature's number or text for each sample; dimension 0 of `tensor` is the sample."""
    summary = feature.summary
    rows = tensor.reshape(len(tensor), -1)
    if summary is Summary.TEXT:
        return np.array([_text(entry) for entry in rows[:, 0]], dtype=object)
    if summary is Summary.LENGTH:
        return np.array([sum(len(_bytes(entry)) for entry in row) for row in rows], dtype=np.float64)
    if summary is Summary.CLASS:
        return _classes(feature, rows)
    if summary is Summary.CELL:
        return _cell(tensor.astype(np.float64), feature.index or 0)
    numbers = rows.astype(np.float64)
    if summary is Summary.ELEMENT:
        selected = numbers[:, feature.index or 0]
    elif summary is Summary.SCORE:
        selected = numbers.max(axis=1)
    else:
        selected = numbers.mean(axis=1) if summary is Summary.MEAN else numbers.std(axis=1)
    return np.asarray(selected)


def counts_of(feature: Feature, values: Array) -> list[int]:
    """Return how many values are in each bin or category of the feature."""
    if feature.edges is not None:
        # NaN is sorted behind every number, into the last bin.
        places = np.searchsorted(np.array(feature.edges), values, side="left")
        return np.bincount(places, minlength=len(feature.edges) + 1).tolist()
    categories = feature.categories or []
    numbers = {name: number for number, name in enumerate(categories)}
    counts = [0] * (len(categories) + 1)
    for name, count in named_counts(values).items():
        counts[numbers.get(name, len(categories))] += count
    return counts


def named_counts(values: Array) -> Counter[str]:
    """Return how often each value occurs, by its name as a category."""
    counts: Counter[str] = Counter()
    for value, count in Counter(values.tolist()).items():
        counts[value if isinstance(value, str) else f"{value:.6g}"] += count
    return counts


def _classes(feature: Feature, rows: Array) -> Array:
    if feature.threshold is not None:
        return (rows[:, 0] > feature.threshold).astype(np.float64)
    # An answer of NaN decides nothing, but argmax would return a class.
    return np.where(np.isnan(rows).any(axis=1), -1, rows.argmax(axis=1)).astype(np.float64)


def _cell(tensor: Array, index: int) -> Array:
    """Return the mean of one cell: of the grid over the first two dimensions with a size, or of a vector's segments."""
    sizes = [size for size in tensor.shape[1:] if size != 1]
    samples = tensor.reshape(len(tensor), *sizes)
    if len(sizes) == 1 or sizes[1] < _SIDE or sizes[0] < _SIDE:
        part = np.array_split(samples.reshape(len(tensor), -1), CELLS, axis=1)[index]
    else:
        band = np.array_split(samples, _SIDE, axis=1)[index // _SIDE]
        part = np.array_split(band, _SIDE, axis=2)[index % _SIDE]
    return np.asarray(part.reshape(len(tensor), -1).mean(axis=1))


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
