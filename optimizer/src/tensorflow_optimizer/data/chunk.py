"""Some rows of a file, as its reader yields them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from .problems import Problems

#: Values that a reader of text converts at once: Python's objects for them take some 15 MB.
VALUES_AT_ONCE = 1 << 18


@dataclass(frozen=True)
class Chunk:
    """Rows that follow each other; dimension 0 of each array is the row."""

    inputs: dict[str, NDArray[Any]]
    labels: dict[str, NDArray[Any]]

    @property
    def count(self) -> int:
        """Number of rows."""
        return len(next(iter(self.inputs.values())))


def joined(
    file: str, chunks: Iterable[Chunk], problems: Problems
) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
    """Return the inputs and labels of all rows.

    Args:
        file: Name of the file.
        chunks: Its rows.
        problems: What the reader of the chunks found.

    Raises:
        BadInputError: It found problems, or chunks differ in the shapes of their rows.
    """
    parts: tuple[dict[str, list[NDArray[Any]]], dict[str, list[NDArray[Any]]]] = ({}, {})
    for chunk in chunks:
        for group, arrays in zip(parts, (chunk.inputs, chunk.labels), strict=True):
            for name, value in arrays.items():
                group.setdefault(name, []).append(value)
    problems.refuse()
    inputs = {name: _whole(f"{file}: the samples of input {name!r}", values) for name, values in parts[0].items()}
    labels = {name: _whole(f"{file}: the labels of {name!r}", values) for name, values in parts[1].items()}
    return inputs, labels


def _whole(what: str, values: list[NDArray[Any]]) -> NDArray[Any]:
    shapes = {value.shape[1:] for value in values}
    if len(shapes) > 1:
        listed = " and ".join(str(list(shape)) for shape in sorted(shapes)[:3])
        raise BadInputError(f"{what} differ in shape: {listed}")
    whole = np.concatenate(values)
    # Their memory is needed for the next array.
    values.clear()
    return whole
