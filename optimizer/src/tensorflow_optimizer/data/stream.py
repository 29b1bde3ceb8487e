"""Reads the rows of a file a bounded number at once, whatever its format, except for images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import BadInputError
from .chunk import Chunk
from .dataset import Dataset
from .fit import check_chunks, check_headers
from .formats import Format, format_of_data
from .npz import assign_arrays, read_headers, stream_arrays
from .read import READERS, fitting_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .expected import ExpectedData
    from .problems import Problems

#: Values of an array that are read at once.
_VALUES = 1 << 20


def stream_chunks(expected: ExpectedData, found: Format, problems: Problems) -> Iterator[Chunk]:
    """Yield the rows of a file as its reader reads them.

    Args:
        expected: The file, and what it is for.
        found: Its format.
        problems: Receives what is wrong, with the place.

    Raises:
        BadInputError: The file is damaged.
    """
    if found is not Format.NPZ:
        yield from check_chunks(READERS[found](expected, problems), expected, problems)
        return
    headers = read_headers(expected.file, problems)
    names = assign_arrays(expected.name, headers, expected.signature, problems)
    check_headers(headers, names, expected, problems)
    if problems:
        return
    for arrays in stream_arrays(expected.file, headers, [*names.inputs.values(), *names.labels.values()], _VALUES):
        inputs, labels = ({key: arrays[name] for key, name in part.items()} for part in (names.inputs, names.labels))
        yield Chunk(inputs, labels)


def stream_rows(expected: ExpectedData, problems: Problems) -> Iterator[Dataset]:
    """Yield the rows of a file as the signature takes them, with their labels as the file has them.

    Args:
        expected: The file, and what it is for.
        problems: Receives what is wrong, with the place.

    Raises:
        BadInputError: Some rows are wrong. Those before them were yielded.
    """
    found = format_of_data(expected.file)
    is_empty = True
    for chunk in stream_chunks(expected, found, problems):
        problems.refuse()
        is_empty = False
        rows, batched = fitting_rows(expected, chunk.inputs, {}, problems)
        problems.refuse()
        yield Dataset(rows, batched, chunk.labels)
    problems.refuse()
    if is_empty:
        raise BadInputError(f"{expected.name} holds no samples")
