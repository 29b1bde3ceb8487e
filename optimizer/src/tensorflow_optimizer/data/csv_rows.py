"""Reads a .csv file: a header with the names of the columns, and a row for each sample."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BadInputError
from ..signatures.spec import STRING
from .chunk import VALUES_AT_ONCE, Chunk
from .columns import assign_columns, in_items
from .dataset import ACCEPTED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from .columns import Columns
    from .expected import ExpectedData
    from .problems import Problems

_TRUTHS = {"true": True, "false": False, "1": True, "0": False}


def read_csv(expected: ExpectedData, problems: Problems) -> Iterator[Chunk]:
    """Yield the rows of a file, a bounded number at once.

    Args:
        expected: The file, and what it is for.
        problems: Receives what is wrong, with row and column. Row 1 is the header.

    Raises:
        BadInputError: It is no such table.
    """
    file = expected.file
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            names = [name.strip() for name in next(reader, [])]
            columns = assign_columns(file.name, names, expected.signature, problems)
            if not columns.inputs:
                return
            table = _Table(expected, names, columns, problems)
            for first, rows in _batches(file.name, reader, len(names), problems):
                yield table.chunk(first, rows)
    except UnicodeDecodeError as error:
        raise BadInputError(
            f"{file.name} is not a text in UTF-8 ({error.reason} at byte {error.start}); give {ACCEPTED}"
        ) from error
    except csv.Error as error:
        raise BadInputError(f"{file.name}, line {reader.line_num} is no row of a CSV file ({error})") from error


def csv_names(file: Path) -> list[str]:
    """Return the names of a file's columns.

    Raises:
        ValueError: It is no text.
        csv.Error: It is no table.
    """
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return [name.strip() for name in next(csv.reader(stream, strict=True), [])]


def numbers_or_names(texts: list[str]) -> NDArray[Any]:
    """Return labels as numbers where all of them are numbers, and else as names."""
    for kind in (int, float):
        try:
            return np.array([kind(text) for text in texts])
        except ValueError:
            continue
    return np.array(texts)


def _batches(
    file: str, reader: Iterator[list[str]], width: int, problems: Problems
) -> Iterator[tuple[list[int], list[list[str]]]]:
    """Yield rows with their numbers, without those that are empty or of another length."""
    most = max(1, VALUES_AT_ONCE // width)
    numbers: list[int] = []
    rows: list[list[str]] = []
    for number, row in enumerate(reader, start=2):
        if len(row) != width:
            if row:
                problems.add(
                    f"{file}, row {number} has {len(row)} values, and the first row {width} columns", key="width"
                )
            continue
        numbers.append(number)
        rows.append(row)
        if len(rows) == most:
            yield numbers, rows
            numbers, rows = [], []
    if rows:
        yield numbers, rows


class _Table:
    """Converts rows of text to the types of a signature."""

    def __init__(self, expected: ExpectedData, names: list[str], columns: Columns, problems: Problems) -> None:
        self._expected = expected
        self._names = names
        self._columns = columns
        self._problems = problems

    def chunk(self, numbers: list[int], rows: list[list[str]]) -> Chunk:
        """Return the arrays of some rows."""
        inputs = {}
        for name, columns in self._columns.inputs.items():
            values = self._values(name, self._expected.signature.inputs[name].dtype, columns, numbers, rows)
            inputs[name] = in_items(values, self._expected.shapes[name], batched=self._expected.batched)
        labels = {}
        for output, column in self._columns.labels.items():
            texts = [row[column].strip() for row in rows]
            if "" in texts:
                empty = texts.count("")
                self._wrong(numbers[texts.index("")], column, "is empty; label all rows, or none", count=empty)
            text = self._expected.signature.outputs[output].dtype == STRING
            labels[output] = np.array(texts) if text else numbers_or_names(texts)
        return Chunk(inputs, labels)

    def _values(
        self, name: str, dtype: str, columns: list[int], numbers: list[int], rows: list[list[str]]
    ) -> NDArray[Any]:
        first, last = columns[0], columns[-1] + 1
        adjacent = columns == list(range(first, last))
        cells = [row[first:last] for row in rows] if adjacent else [[row[column] for column in columns] for row in rows]
        if dtype == STRING:
            return np.array(cells, dtype=object)
        if dtype != "bool" and not any("_" in "".join(row) for row in cells):
            whole = (np.uint64 if dtype == "uint64" else np.int64,) if "int" in dtype else ()
            for target in (*whole, np.float64):
                try:
                    return np.array(cells, dtype=target)
                except (ValueError, OverflowError):
                    continue
        convert = _truth if dtype == "bool" else _number
        values = np.zeros((len(rows), len(columns)))
        for place, (number, row) in enumerate(zip(numbers, cells, strict=True)):
            for index, text in enumerate(row):
                value = convert(text)
                if value is not None:
                    values[place, index] = value
                elif text.strip():
                    self._wrong(number, columns[index], f"is {text[:40]!r}, and the input {name!r} takes {dtype}")
                else:
                    self._wrong(
                        number, columns[index], f"is empty, and the input {name!r} takes {dtype}; fill it, or write nan"
                    )
        return values

    def _wrong(self, row: int, column: int, what: str, count: int = 1) -> None:
        kind = "empty" if "is empty" in what else "value"
        place = f"{self._expected.name}, row {row}, column {self._names[column][:60]!r}"
        self._problems.add(f"{place} {what}", key=f"{kind} {column}", count=count)


def _number(text: str) -> float | None:
    try:
        # Python's own digits with underscores are no numbers of other programs.
        return None if "_" in text else float(text)
    except ValueError:
        return None


def _truth(text: str) -> float | None:
    known = _TRUTHS.get(text.strip().lower())
    return float(known) if known is not None else None
