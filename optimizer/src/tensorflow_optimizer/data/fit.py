"""Says whether an input's samples fit the model, by their type and shape alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from ..signatures.spec import STRING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ..signatures import TensorSpec
    from .chunk import Chunk
    from .expected import ExpectedData
    from .npz import ArrayHeader, Arrays
    from .problems import Problems


class Form(Enum):
    """Relation of a sample to the shape of an input."""

    WHOLE = "whole"
    """A complete input."""
    WITHOUT_ONE = "without one"
    """A complete input without its first dimension, which is 1."""
    ROW = "row"
    """One row of the batch."""
    ROW_OF_ONE = "row of one"
    """A batch of one row."""

    @property
    def is_whole(self) -> bool:
        """Return whether a sample is all that one call takes."""
        return self in (Form.WHOLE, Form.WITHOUT_ONE)


def form_of(item: Sequence[int], shape: list[int | None] | None, *, batched: bool | None) -> Form | None:
    """Return what a sample of the shape `item` is to an input; None if it does not fit.

    Args:
        item: Shape of one sample.
        shape: The input's complete shape, as far as it is known; None: of unknown rank.
        batched: Whether dimension 0 of the inputs is the batch; None if the data's rank decides.
    """
    if shape is None:
        return Form.ROW if batched else Form.WHOLE
    rest = shape[1:]
    if batched is not True and _fits(item, shape):
        return Form.WHOLE
    # With a fixed first dimension of 1, accept rows without it as well.
    if not batched and shape and shape[0] == 1 and _fits(item, rest):
        return Form.WITHOUT_ONE
    if batched is not False and shape and _fits(item, rest):
        return Form.ROW
    if batched and _fits(item, [1, *rest]):
        return Form.ROW_OF_ONE
    return None


@dataclass(frozen=True)
class Described:
    """Facts about an array that are known before it is read."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    """Dimension 0 is the sample."""


def described(arrays: Mapping[str, NDArray[Any]]) -> dict[str, Described]:
    """Return types and shapes of arrays."""
    return {name: Described(value.dtype, value.shape) for name, value in arrays.items()}


def fits_type(spec: TensorSpec, dtype: np.dtype[Any]) -> bool:
    """Say whether values of a type can become the input's."""
    if spec.dtype == STRING:
        return dtype.kind in "USO"
    return dtype.name == spec.dtype or dtype.kind in "biuf"


def check_fit(
    inputs: Mapping[str, Described], labels: Mapping[str, int], expected: ExpectedData, problems: Problems
) -> dict[str, Form]:
    """Return what the samples of each input are, and add a problem for each type, shape or count that does not fit.

    Args:
        inputs: What is known of the inputs, by name.
        labels: Numbers of labels, by the name of the output.
        expected: The file, and what it is for.
        problems: Receives what is wrong.
    """
    counts = {name: value.shape[0] for name, value in inputs.items() if value.shape}
    _check_counts(expected.name, counts, labels, problems)
    forms = {}
    for name, value in inputs.items():
        form = _check_input(name, value, expected, problems) if value.shape else None
        if form is not None:
            forms[name] = form
    if len({form.is_whole for form in forms.values()}) > 1:
        problems.add(
            f"the inputs in {expected.name} differ in kind: "
            + ", ".join(f"{name} holds {'whole inputs' if form.is_whole else 'rows'}" for name, form in forms.items())
        )
    return forms


def check_headers(
    headers: Mapping[str, ArrayHeader], names: Arrays, expected: ExpectedData, problems: Problems
) -> None:
    """Check arrays by what their headers say, as far as they are there."""
    inputs = {key: Described(headers[name].dtype, headers[name].shape) for key, name in names.inputs.items()}
    labels = {key: headers[name].shape[0] for key, name in names.labels.items() if headers[name].shape}
    if inputs:
        check_fit(inputs, labels, expected, problems)
    _check_answers(headers, names, expected, problems)


def check_chunks(chunks: Iterable[Chunk], expected: ExpectedData, problems: Problems) -> Iterator[Chunk]:
    """Yield chunks, and check those whose types or shapes are others than before."""
    seen: set[tuple[Any, ...]] = set()
    for chunk in chunks:
        form = tuple((name, value.dtype, value.shape[1:]) for name, value in chunk.inputs.items())
        if form not in seen:
            seen.add(form)
            labels = {name: len(value) for name, value in chunk.labels.items()}
            # Labels of some lines only are a problem of the whole file, which its reader adds.
            same = {name: count for name, count in labels.items() if count == chunk.count}
            check_fit(described(chunk.inputs), same, expected, problems)
        yield chunk


def _check_input(name: str, value: Described, expected: ExpectedData, problems: Problems) -> Form | None:
    file, spec, shape = expected.name, expected.signature.inputs[name], expected.shapes[name]
    dtype, item = value.dtype, value.shape[1:]
    if not fits_type(spec, dtype):
        takes = "strings" if spec.dtype == STRING else spec.dtype
        problems.add(f"{file}: input {name!r} is {dtype}, but the model takes {takes}")
    form = form_of(item, shape, batched=expected.batched)
    if form is None and shape is not None:
        wanted = shape[1:] if expected.batched else shape
        problems.add(
            f"{file}: the samples of input {name!r} have the shape {list(item)}, but the model takes "
            f"{_shown(wanted)} for each sample ({spec}); dimension 0 of the array is the sample"
        )
    return form


def _check_counts(file: str, inputs: Mapping[str, int], labels: Mapping[str, int], problems: Problems) -> None:
    counts = dict(inputs) | {f"labels of {name}": count for name, count in labels.items()}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name}: {count}" for name, count in counts.items())
        problems.add(f"the arrays of {file} differ in their number of rows ({listed}); one row is one sample")
    elif not next(iter(counts.values()), 0):
        problems.add(f"{file} holds no samples")


def _fits(item: Sequence[int], shape: list[int | None]) -> bool:
    return len(item) == len(shape) and all(own is None or own == size for own, size in zip(shape, item, strict=True))


def _shown(shape: list[int | None]) -> str:
    return f"[{', '.join('?' if size is None else str(size) for size in shape)}]"


def _check_answers(
    headers: Mapping[str, ArrayHeader], names: Arrays, expected: ExpectedData, problems: Problems
) -> None:
    """Check by headers that answers are of as many rows as the inputs, and of their outputs' types and shapes.

    Args:
        headers: The headers of all arrays.
        names: Which of them hold what.
        expected: What the data is for.
        problems: Receives what does not fit.
    """
    rows = {headers[name].shape[0] for name in names.inputs.values() if headers[name].shape}
    for output, name in names.answers.items():
        header, spec = headers[name], expected.signature.outputs[output]
        if not header.shape:
            continue  # which is a problem of any array
        if rows and header.shape[0] not in rows:
            problems.add(
                f"{expected.name}: {name!r} has {header.shape[0]} rows, and the inputs have "
                f"{', '.join(map(str, sorted(rows)))}; one row is one sample"
            )
        text = spec.dtype == STRING
        if (header.dtype.kind in "USO") != text or (not text and header.dtype.kind not in "biuf"):
            problems.add(f"{expected.name}: {name!r} is {header.dtype}, but the model answers {spec.dtype}")
        row = header.shape[1:]
        if expected.batched and spec.shape is not None and not _row_fits(row, spec.shape[1:]):
            problems.add(
                f"{expected.name}: the rows of {name!r} have the shape {list(row)}, but the model answers {spec}; "
                "convert answers of another layout"
            )


def _row_fits(row: Sequence[int], shape: Sequence[int | None]) -> bool:
    return len(row) == len(shape) and all(own is None or own == size for own, size in zip(shape, row, strict=True))
