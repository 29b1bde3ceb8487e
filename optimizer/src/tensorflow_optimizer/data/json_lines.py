"""Reads a .jsonl file: each line is a REST body for TensorFlow Serving, with a `label`."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any

import numpy as np

from ..hints import Hint
from ..signatures.fixed import BATCH
from ..signatures.spec import STRING
from .chunk import Chunk
from .rest_body import MEMBERS, WrongLineError, instance_of, no_body, parse, samples_of, shown, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from .expected import ExpectedData
    from .problems import Problems

#: Bytes of lines at once. Python's objects for them take some ten times as many.
_BYTES_AT_ONCE = 1 << 20


def read_json_lines(expected: ExpectedData, problems: Problems) -> Iterator[Chunk]:
    """Yield the rows of a file, a bounded number at once; each row of a body is a sample.

    Args:
        expected: The file, and what it is for.
        problems: Receives what is wrong, with the number of the line.
    """
    reader = _Reader(expected, problems)
    with expected.file.open("rb") as stream:
        while lines := stream.readlines(_BYTES_AT_ONCE):
            chunk = reader.chunk(lines)
            if chunk is not None:
                yield chunk
    if reader.labelled not in (0, reader.bodies):
        problems.add(
            f"{expected.name}: {reader.labelled} of {reader.bodies} lines have a label; label all of them, or none"
        )


class _Rows:
    """The values of some lines, and which row is of which line."""

    def __init__(self, names: list[str]) -> None:
        self.inputs: dict[str, list[Any]] = {name: [] for name in names}
        self.labels: dict[str, list[Any]] = {}
        self.count = 0
        self._ends = [0]
        self._lines: list[int] = []

    def end_line(self, line: int, added: int) -> None:
        """Note that the last rows are of this line."""
        self.count += added
        self._ends.append(self.count)
        self._lines.append(line)

    def take_back(self) -> None:
        """Drop the rows of a line that is wrong."""
        for values in self.inputs.values():
            del values[self.count :]

    def line_of(self, row: int) -> int:
        """Return the line of a row."""
        return self._lines[bisect_right(self._ends, row) - 1]


class _Reader:
    """Converts lines to arrays."""

    def __init__(self, expected: ExpectedData, problems: Problems) -> None:
        self._file = expected.name
        self._signature = expected.signature
        self._problems = problems
        self._in_rows = _in_rows(list(expected.shapes.values()), batched=expected.batched)
        self._names = list(self._signature.inputs)
        self._texts = frozenset(name for name, spec in self._signature.inputs.items() if spec.dtype == STRING)
        self._line = 0
        self.bodies = 0
        self.labelled = 0

    def chunk(self, lines: list[bytes]) -> Chunk | None:
        """Return the arrays of some lines; None if none of them is right, or their rows differ."""
        rows = _Rows(self._names)
        only = rows.inputs[self._names[0]] if len(self._names) == 1 and not self._texts else None
        for line in lines:
            self._line += 1
            try:
                body = parse(line)
                if body is None:
                    continue
                added = self._add(body, rows, only)
                if "label" in body:
                    self._add_labels(body["label"], added, rows.labels)
                    self.labelled += 1
            except WrongLineError as wrong:
                self._problems.add(f"{self._file}, line {self._line}{wrong}", *wrong.hints, key=wrong.kind)
                rows.take_back()
                continue
            self.bodies += 1
            rows.end_line(self._line, added)
        if not rows.count:
            return None
        inputs = {name: self._array(name, values, rows) for name, values in rows.inputs.items()}
        labels = {name: self._label_array(name, values, rows) for name, values in rows.labels.items()}
        whole = {name: value for name, value in inputs.items() if value is not None}
        known = {name: value for name, value in labels.items() if value is not None}
        return Chunk(whole, known) if len(whole) == len(inputs) and len(known) == len(labels) else None

    def _add(self, body: dict[str, Any], rows: _Rows, only: list[Any] | None) -> int:
        """Add the samples of a body, and return their number."""
        instances = body.get("instances")
        if ("inputs" in body) == (instances is not None) or not body.keys() <= MEMBERS:
            raise no_body(body)
        requested = body.get("signature_name") or self._signature.name
        if requested != self._signature.name:
            raise WrongLineError(
                f" is for the signature {requested!r}, but the model is evaluated on {self._signature.name!r}"
            )
        # Most files are such, and large.
        if only is not None and isinstance(instances, list) and instances:
            only += [
                value if type(value) is list else instance_of(value, self._names)[self._names[0]] for value in instances
            ]
            return len(instances)
        samples = samples_of(body, self._names, in_rows=self._in_rows)
        for name, values in rows.inputs.items():
            if name in self._texts:
                values += [text_of(name, sample[name]) for sample in samples]
            else:
                values += [sample[name] for sample in samples]
        return len(samples)

    def _add_labels(self, label: Any, count: int, labels: dict[str, list[Any]]) -> None:
        outputs = self._signature.outputs
        if isinstance(label, dict):
            unknown = sorted(label.keys() - outputs.keys())
            if unknown:
                raise WrongLineError(
                    f": labels for {', '.join(map(repr, unknown))}, but the outputs are {', '.join(map(repr, outputs))}"
                )
            by_output = label
        elif len(outputs) == 1:
            by_output = {next(iter(outputs)): label}
        else:
            raise WrongLineError(': the model has several outputs; write "label": {"<output>": …}')
        if count > 1 and any(not isinstance(value, list) or len(value) != count for value in by_output.values()):
            raise WrongLineError(
                f": {count} rows need a list of {count} labels; if they are one sample, give the input's whole shape",
                Hint.INPUT_SHAPES,
            )
        for name, value in by_output.items():
            # A body of one row may have a list of one label, as bodies of several rows have one of several.
            listed = isinstance(value, list) and len(value) == count
            labels.setdefault(name, []).extend(value if listed else [value])

    def _array(self, name: str, values: list[Any], rows: _Rows) -> NDArray[Any] | None:
        dtype = self._signature.inputs[name].dtype
        try:
            array = np.array(values, dtype=object if dtype == STRING else None)
        except ValueError:
            array = None
        # NumPy keeps ragged objects as lists.
        if array is None or (dtype == STRING and any(isinstance(entry, list) for entry in array.ravel())):
            lengths = [_shape(value) for value in values]
            row = next((row for row, shape in enumerate(lengths) if shape is None or shape != lengths[0]), 0)
            self._problems.add(
                f"{self._file}, line {rows.line_of(row)}: the samples of input {name!r} differ in shape, or a row is "
                "ragged",
                key=f"ragged {name}",
            )
            return None
        if dtype != STRING and array.dtype.kind not in "biuf":
            wrong = ((row, value) for row, sample in enumerate(values) for value in _no_numbers(sample))
            row, value = next(wrong, (0, values[0]))
            self._problems.add(
                f"{self._file}, line {rows.line_of(row)}: input {name!r} has the value {shown(value)}, but the model "
                f"takes {dtype}",
                key=f"no number {name}",
                count=1 + sum(1 for _ in wrong),
            )
            return None
        return array

    def _label_array(self, name: str, values: list[Any], rows: _Rows) -> NDArray[Any] | None:
        try:
            array = np.array(values)
        except ValueError:
            self._problems.add(f"{self._file}: the labels differ in shape")
            return None
        if array.dtype.kind == "O" and len(values) == rows.count:
            row = next((row for row, value in enumerate(values) if not isinstance(value, (str, int, float, list))), 0)
            self._problems.add(
                f"{self._file}, line {rows.line_of(row)}: the labels of the output {name!r} are not all numbers or all "
                f"names: {shown(values[row])}",
                key=f"label {name}",
            )
            return None
        return array


def _in_rows(shapes: list[Sequence[int | None] | None], *, batched: bool | None) -> bool:
    """Say whether columns are split into rows: there is a batch, or a 1 in its place, that a sample may omit."""
    may_be_rows = (1,) if batched is False else (None, BATCH, 1)
    return batched is True or all(shape and shape[0] in may_be_rows for shape in shapes)


def _shape(value: Any) -> tuple[int, ...] | None:
    """Return the shape of lists in each other; None if they are ragged."""
    if not isinstance(value, list):
        return ()
    shapes = {_shape(inner) for inner in value}
    if len(shapes) > 1 or None in shapes:
        return None
    inner = next(iter(shapes), ()) or ()
    return (len(value), *inner)


def _no_numbers(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for inner in value:
            yield from _no_numbers(inner)
    elif not isinstance(value, (bool, int, float)) or (isinstance(value, int) and not -(2**63) <= value < 2**64):
        yield value
