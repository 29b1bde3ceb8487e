"""Reads a .parquet file in a sandbox: who parses it is a library of C++, and who wrote it may be a stranger."""

from __future__ import annotations

import sys
from typing import IO, TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ..errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa
    import pyarrow.parquet as pq
    from numpy.typing import NDArray

    from ..sandbox import Channel

_Problems: TypeAlias = list[dict[str, Any]]

#: Most rows at once, and most bytes of them.
MOST_ROWS = 4096
_BYTES = 4 << 20
#: Bytes of a column that are read at once: else a whole row group of it would be.
_BUFFER = 1 << 20
#: Most characters of a type, in the sentence that refuses it.
_TYPE_LIMIT = 200


def read(channel: Channel, directory: Path) -> None:  # noqa: ARG001 - a task of the sandbox, which needs no files
    """Answer requests for the columns, and for the rows, of the standard input. Runs in the sandbox.

    Raises:
        BadInputError: It is damaged.
    """
    requests = iter(channel)
    file = str(next(requests).document["file"])
    try:
        with open_parquet(sys.stdin.buffer) as opened:
            schema = opened.schema_arrow
            columns = [
                {"name": name, "type": None if is_tensor(kind) else str(kind)[:_TYPE_LIMIT]}
                for name, kind in zip(schema.names, schema.types, strict=True)
            ]
            channel.answer({"columns": columns, "rows": int(opened.metadata.num_rows)})
            asked = next(requests, None)
            if asked is None:
                return
            for arrays, problems in rows(opened, file, asked.document["columns"]):
                channel.answer({"problems": problems}, arrays)
                if next(requests, None) is None:
                    return
            channel.answer()
    except damage() as error:
        raise damaged(file, str(error)) from error


def damaged(file: str, reason: str) -> BadInputError:
    """Return the error for a file that cannot be read."""
    return BadInputError(f"{file} is not a Parquet file, or is cut short or corrupt ({reason[:200]}); write it again")


def open_parquet(source: IO[bytes]) -> pq.ParquetFile:
    """Open a file. The errors of `damage` say that it cannot be read."""
    # Only this kind of file needs the package, which takes 60 MB of memory.
    import pyarrow as pa
    import pyarrow.parquet as pq

    return pq.ParquetFile(pa.PythonFile(source, mode="r"), buffer_size=_BUFFER, pre_buffer=False)


def damage() -> tuple[type[Exception], ...]:
    """Return the errors of a file that is damaged."""
    import pyarrow as pa

    return pa.ArrowException, OSError, ValueError


def is_tensor(kind: pa.DataType) -> bool:
    """Say whether a column is of a type that a tensor can have."""
    from pyarrow import types

    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return is_tensor(kind.value_type)
    if types.is_dictionary(kind):
        return is_tensor(kind.value_type)
    tests = (
        *(types.is_boolean, types.is_integer, types.is_floating, types.is_string, types.is_large_string),
        *(types.is_binary, types.is_large_binary, types.is_fixed_size_binary, types.is_string_view),
        types.is_binary_view,
    )
    return any(test(kind) for test in tests)


def rows(opened: pq.ParquetFile, file: str, columns: list[int]) -> Iterator[tuple[dict[str, NDArray[Any]], _Problems]]:
    """Yield some rows after the other: values by the number of the column, and a problem for each that is no tensor.

    Args:
        opened: The file.
        file: Its name.
        columns: Numbers of columns, from 0.
    """
    names = [opened.schema_arrow.names[number] for number in columns]
    first = 1
    for batch in opened.iter_batches(_rows_at_once(opened, names), columns=names):
        numbers = np.arange(first, first + len(batch))
        first += len(batch)
        problems: _Problems = []
        found = {
            str(column): _values(file, name, batch.column(place), numbers, problems)
            for place, (column, name) in enumerate(zip(columns, names, strict=True))
        }
        yield {column: values for column, values in found.items() if values is not None}, problems


def _rows_at_once(opened: pq.ParquetFile, columns: list[str]) -> int:
    """Return how many rows to read at once, by the size of the first one."""
    # What the metadata says of a column is no help: pyarrow ends the process where it is damaged.
    first = next(opened.iter_batches(1, columns=columns), None)
    return 1 if first is None else max(1, min(MOST_ROWS, _BYTES // max(1, first.nbytes)))


def _values(file: str, name: str, column: pa.Array, rows: NDArray[Any], problems: _Problems) -> NDArray[Any] | None:
    """Return a column's values; None, with a problem, if they are not one tensor.

    Args:
        file: Name of the file.
        name: Name of the column.
        column: Its values.
        rows: The number of the row that each of them belongs to.
        problems: Receives what is wrong: the arguments of `Problems.add`.
    """
    from pyarrow import types

    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if column.null_count:
        null = column.is_null().to_pylist().index(True)
        text = f"{file}, row {rows[null]}, column {name!r} is null; fill it, or write NaN"
        problems.append({"text": text, "key": f"null {name}", "count": column.null_count})
        return None
    if types.is_fixed_size_list(column.type):
        lengths = np.full(len(column), column.type.list_size)
    elif types.is_list(column.type) or types.is_large_list(column.type):
        lengths = np.asarray(column.value_lengths())
    else:
        if types.is_boolean(column.type) or types.is_integer(column.type) or types.is_floating(column.type):
            return np.asarray(column.to_numpy(zero_copy_only=False))
        texts = np.empty(len(column), dtype=object)
        texts[:] = column.to_pylist()
        return texts
    other = np.flatnonzero(lengths != lengths[0])
    if other.size:
        text = (
            f"{file}, row {rows[other[0]]}, column {name!r} has {lengths[other[0]]} values, and others have "
            f"{lengths[0]}; all rows must have as many"
        )
        problems.append({"text": text, "key": f"ragged {name}", "count": int(other.size)})
        return None
    inner = _values(file, name, column.flatten(), np.repeat(rows, lengths), problems)
    return None if inner is None else inner.reshape(len(column), int(lengths[0]), *inner.shape[1:])
