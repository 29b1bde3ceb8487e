"""Reads a .parquet file: a column for each input, of numbers, text, or lists of them, and a row for each sample."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import OptimizerError
from ..processes.plain_text import one_line
from ..sandbox import LeafEndedError, Sandbox
from .chunk import Chunk
from .columns import assign_columns, in_items
from .parquet_leaf import MOST_ROWS, damaged, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ..sandbox import Answer, Json, Leaf
    from .expected import ExpectedData
    from .problems import Problems

MAGIC = b"PAR1"
_TASK = f"{read.__module__}:{read.__name__}"
#: Most bytes of the rows of one answer, and most seconds until it comes.
_ANSWER_BYTES = 1 << 30
_SECONDS = 600.0
_TYPE_KINDS = "biufO"


@dataclass(frozen=True)
class ParquetHeader:
    """Content of a file's schema and metadata."""

    names: list[str]
    """The columns' names."""
    refused: dict[int, str]
    """The types of the columns that cannot be tensors, by the number of the column, from 0."""
    rows: int
    """Number of rows that the file says it has."""


def read_header(file: Path) -> ParquetHeader:
    """Read a file's header.

    Raises:
        BadInputError: It is damaged.
    """
    with _reader(file) as leaf:
        return _header(leaf, file)


def read_parquet(expected: ExpectedData, problems: Problems) -> Iterator[Chunk]:
    """Yield the rows of a file, a bounded number at once.

    Args:
        expected: The file, and what it is for.
        problems: Receives what is wrong, with row and column. Rows are numbered from 1.

    Raises:
        BadInputError: The file is damaged.
    """
    file = expected.file
    with _reader(file) as leaf:
        header = _header(leaf, file)
        columns = assign_columns(file.name, header.names, expected.signature, problems)
        used = [*(column for found in columns.inputs.values() for column in found), *columns.labels.values()]
        refused = [number for number in used if number in header.refused]
        for number in refused:
            problems.add(
                f"{file.name}: the column {header.names[number]!r} is {header.refused[number]}; it must hold numbers, "
                "booleans, text, bytes, or lists of them: convert it"
            )
        if not columns.inputs or refused:
            return
        for values in _rows(leaf, used, problems):
            inputs = {
                name: _items([values[column] for column in found], expected.shapes[name], batched=expected.batched)
                for name, found in columns.inputs.items()
            }
            yield Chunk(inputs, {output: values[column] for output, column in columns.labels.items()})


@contextmanager
def _reader(file: Path) -> Iterator[Leaf]:
    """Yield a leaf that reads the file. It needs neither TensorFlow nor the model, so it has a sandbox of its own."""
    with (
        Sandbox(preloaded=()) as sandbox,
        sandbox.leaf(_TASK, standard_input=file, subject="Parquet file") as leaf,
    ):
        try:
            yield leaf
        except LeafEndedError as error:
            if error.signal in (None, signal.SIGKILL):
                raise
            raise damaged(file.name, f"its reader crashed with {signal.Signals(error.signal).name}") from error


def _header(leaf: Leaf, file: Path) -> ParquetHeader:
    said = leaf.ask({"file": file.name}, seconds=_SECONDS).document
    columns, rows = _member(said, "columns", list), _member(said, "rows", int)
    names = [_member(column, "name", str) for column in columns]
    types = {number: column.get("type") for number, column in enumerate(columns)}
    return ParquetHeader(names, {number: one_line(str(kind)) for number, kind in types.items() if kind}, rows)


def _rows(leaf: Leaf, columns: list[int], problems: Problems) -> Iterator[dict[int, NDArray[Any]]]:
    """Yield the values of all columns, by number, without those rows of which one is no tensor."""
    while True:
        answer = leaf.ask({"columns": columns}, answer_bytes=_ANSWER_BYTES, seconds=_SECONDS)
        if answer.document is None:
            return
        wrong = _member(answer.document, "problems", list)
        for problem in wrong:
            text, key, count = (_member(problem, *member) for member in (("text", str), ("key", str), ("count", int)))
            problems.add(one_line(text), key=key, count=count)
        if not wrong:
            yield _values(answer, columns)


def _values(answer: Answer, columns: list[int]) -> dict[int, NDArray[Any]]:
    values = {column: answer.arrays.get(str(column)) for column in columns}
    whole = {column: value for column, value in values.items() if value is not None and value.ndim}
    counts = {len(value) for value in whole.values()}
    kinds = {value.dtype.kind for value in whole.values()}
    if len(whole) < len(columns) or len(counts) != 1 or not 0 < counts.pop() <= MOST_ROWS or kinds - set(_TYPE_KINDS):
        raise _other_answer()
    return whole


def _member(said: Json, name: str, kind: type) -> Any:
    value = said.get(name) if isinstance(said, dict) else None
    if type(value) is not kind:
        raise _other_answer()
    return value


def _other_answer() -> OptimizerError:
    return OptimizerError("the process that reads Parquet files answered something else than a file's rows")


def _items(columns: list[NDArray[Any]], shape: Sequence[int | None] | None, *, batched: bool | None) -> NDArray[Any]:
    """Return an input's samples: the lists of its only column, or the values of its columns one after the other."""
    if len(columns) == 1 and columns[0].ndim > 1:
        return columns[0]
    values = [column.reshape(len(column), -1) for column in columns]
    return in_items(np.concatenate(values, axis=1), shape, batched=batched)
