"""Reads a .parquet file: a column for each input, of numbers, text, or lists of them, and a row for each sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BadInputError
from .chunk import Chunk
from .columns import assign_columns, in_items

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa
    import pyarrow.parquet as pq
    from numpy.typing import NDArray

    from .expected import ExpectedData
    from .problems import Problems

MAGIC = b"PAR1"
#: Most rows at once, and most bytes of them.
_ROWS = 4096
_BYTES = 4 << 20
#: Bytes of a column that are read at once: else a whole row group of it would be.
_BUFFER = 1 << 20


def open_parquet(file: Path) -> pq.ParquetFile:
    """Open a file and read its schema.

    Raises:
        BadInputError: It is damaged.
    """
    # Only this kind of file needs the package, which takes 60 MB of memory.
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        opened = pq.ParquetFile(file, buffer_size=_BUFFER, pre_buffer=False)
        _ = opened.schema_arrow
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _damaged(file, error) from error
    return opened


def count_rows(file: Path) -> int:
    """Return the number of rows that a file says it has.

    Raises:
        BadInputError: It is damaged.
    """
    with open_parquet(file) as opened:
        return int(opened.metadata.num_rows)


def read_parquet(expected: ExpectedData, problems: Problems) -> Iterator[Chunk]:
    """Yield the rows of a file, a bounded number at once.

    Args:
        expected: The file, and what it is for.
        problems: Receives what is wrong, with row and column. Rows are numbered from 1.

    Raises:
        BadInputError: The file is damaged.
    """
    import pyarrow as pa

    file = expected.file
    with open_parquet(file) as opened:
        schema = opened.schema_arrow
        columns = assign_columns(file.name, schema.names, expected.signature, problems)
        used = [*(column for found in columns.inputs.values() for column in found), *columns.labels.values()]
        if not columns.inputs or not check_types(file.name, schema, used, problems):
            return
        names = [schema.names[number] for number in used]
        first = 1
        try:
            for batch in opened.iter_batches(_rows_at_once(opened, names), columns=names):
                numbers = np.arange(first, first + len(batch))
                values = {
                    column: _values(file.name, schema.names[column], batch.column(place), numbers, problems)
                    for place, column in enumerate(used)
                }
                first += len(batch)
                whole = {column: value for column, value in values.items() if value is not None}
                if len(whole) == len(values):
                    inputs = {
                        name: _items(
                            [whole[column] for column in found], expected.shapes[name], batched=expected.batched
                        )
                        for name, found in columns.inputs.items()
                    }
                    yield Chunk(inputs, {output: whole[column] for output, column in columns.labels.items()})
        except (pa.ArrowException, OSError, ValueError) as error:
            raise _damaged(file, error) from error


def check_types(file: str, schema: pa.Schema, columns: Sequence[int], problems: Problems) -> bool:
    """Say whether the columns are of types that a tensor can have, and add a problem for each that is not."""
    wrong = [number for number in columns if not _is_tensor(schema.field(number).type)]
    for number in wrong:
        problems.add(
            f"{file}: the column {schema.names[number]!r} is {schema.field(number).type}; it must hold numbers, "
            "booleans, text, bytes, or lists of them: convert it"
        )
    return not wrong


def _is_tensor(kind: pa.DataType) -> bool:
    from pyarrow import types

    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return _is_tensor(kind.value_type)
    if types.is_dictionary(kind):
        return _is_tensor(kind.value_type)
    tests = (
        *(types.is_boolean, types.is_integer, types.is_floating, types.is_string, types.is_large_string),
        *(types.is_binary, types.is_large_binary, types.is_fixed_size_binary, types.is_string_view),
        types.is_binary_view,
    )
    return any(test(kind) for test in tests)


def _rows_at_once(opened: pq.ParquetFile, columns: list[str]) -> int:
    """Return how many rows to read at once, by the size of the first one."""
    # What the metadata says of a column is no help: pyarrow ends the process where it is damaged.
    first = next(opened.iter_batches(1, columns=columns), None)
    return 1 if first is None else max(1, min(_ROWS, _BYTES // max(1, first.nbytes)))


def _values(file: str, name: str, column: pa.Array, rows: NDArray[Any], problems: Problems) -> NDArray[Any] | None:
    """Return a column's values; None, with a problem, if they are not one tensor.

    Args:
        file: Name of the file.
        name: Name of the column.
        column: Its values.
        rows: The number of the row that each of them belongs to.
        problems: Receives what is wrong.
    """
    from pyarrow import types

    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if column.null_count:
        null = column.is_null().to_pylist().index(True)
        problems.add(
            f"{file}, row {rows[null]}, column {name!r} is null; fill it, or write NaN",
            key=f"null {name}",
            count=column.null_count,
        )
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
        problems.add(
            f"{file}, row {rows[other[0]]}, column {name!r} has {lengths[other[0]]} values, and others have "
            f"{lengths[0]}; all rows must have as many",
            key=f"ragged {name}",
            count=int(other.size),
        )
        return None
    inner = _values(file, name, column.flatten(), np.repeat(rows, lengths), problems)
    return None if inner is None else inner.reshape(len(column), int(lengths[0]), *inner.shape[1:])


def _items(columns: list[NDArray[Any]], shape: Sequence[int | None] | None, *, batched: bool | None) -> NDArray[Any]:
    """Return an input's samples: the lists of its only column, or the values of its columns one after the other."""
    if len(columns) == 1 and columns[0].ndim > 1:
        return columns[0]
    values = [column.reshape(len(column), -1) for column in columns]
    return in_items(np.concatenate(values, axis=1), shape, batched=batched)


def _damaged(file: Path, error: Exception) -> BadInputError:
    return BadInputError(
        f"{file.name} is not a Parquet file, or is cut short or corrupt ({str(error)[:200]}); write it again"
    )
