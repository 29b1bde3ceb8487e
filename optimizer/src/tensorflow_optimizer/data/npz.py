"""An .npz file: one array per input, `labels` or `labels/<output>`, and perhaps `reference/<output>`."""

from __future__ import annotations

import math
import tokenize
import zipfile
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from ..archives import refuse_broken
from ..errors import BadInputError
from .dataset import OTHER_NAMES
from .given_answers import REFERENCE, assign_answers, is_answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from numpy.typing import NDArray

    from ..signatures import SignatureSpec
    from .problems import Problems

LABELS = "labels"
#: Readers of headers by the version of the format. Later versions are only for arrays of records.
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


@dataclass(frozen=True)
class ArrayHeader:
    """Header of an array."""

    shape: tuple[int, ...]
    dtype: np.dtype
    fortran_order: bool
    """Dimension 0 varies fastest, so that a row is not in one piece."""

    @property
    def size(self) -> int:
        """Number of bytes."""
        return math.prod(self.shape) * self.dtype.itemsize


@dataclass(frozen=True)
class Arrays:
    """Names of the arrays of inputs and labels."""

    inputs: dict[str, str]
    """Name of the array of each input."""
    labels: dict[str, str]
    """Name of the array of each output's labels."""
    answers: dict[str, str] = field(default_factory=dict)
    """Name of the array of each output's answers by another program."""
    program: str | None = None
    """Name of the array with that program's name."""


def read_headers(file: Path, problems: Problems) -> dict[str, ArrayHeader]:
    """Return the headers of all arrays by name, without reading the arrays.

    Args:
        file: The file.
        problems: Receives what no array is, or what is cut short.

    Raises:
        BadInputError: The file itself is damaged.
    """
    headers = {}
    with _whole(file), zipfile.ZipFile(file) as archive:
        has_answers = any(name.startswith(f"{REFERENCE}/") for name in archive.namelist())
        for member in archive.infolist():
            name = member.filename.removesuffix(".npy")
            with problems.collect(), archive.open(member) as stream:
                headers[name] = _read_header(file.name, member, stream)
            if name in headers and not headers[name].shape and not (has_answers and name == REFERENCE):
                problems.add(f"{file.name}: {name!r} is a single value; dimension 0 of every array is the sample")
    return headers


def assign_arrays(file: str, names: Iterable[str], signature: SignatureSpec, problems: Problems) -> Arrays:
    """Return which arrays hold what.

    Args:
        file: Name of the file.
        names: Names of its arrays.
        signature: The signature of the data.
        problems: Receives what does not fit.
    """
    names = list(names)
    answers = assign_answers(file, names, signature, problems)
    program = REFERENCE if answers and REFERENCE in names and REFERENCE not in signature.inputs else None
    labels: dict[str, str] = {}
    inputs: list[str] = []
    for name in names:
        if name == program or is_answer(name, signature):
            continue
        if name == LABELS and LABELS not in signature.inputs:
            output = _only_output(file, signature, problems)
            if output is not None:
                labels[output] = name
        elif name.startswith(f"{LABELS}/"):
            labels[name.removeprefix(f"{LABELS}/")] = name
        else:
            inputs.append(name)
    unknown = sorted(set(labels) - set(signature.outputs))
    if unknown:
        problems.add(
            f"{file} has labels for {', '.join(map(repr, unknown))}, but the outputs of {signature.name!r} are "
            f"{', '.join(map(repr, signature.outputs))}"
        )
    known = {output: name for output, name in labels.items() if output in signature.outputs}
    if len(signature.inputs) == 1 and len(inputs) == 1:
        return Arrays({next(iter(signature.inputs)): inputs[0]}, known, answers, program)
    if set(inputs) != set(signature.inputs):
        problems.add(
            f"{file} has the arrays {', '.join(map(repr, sorted(inputs))) or 'none'}, but the inputs of "
            f"{signature.name!r} are {', '.join(map(repr, signature.inputs))}; one array per input, under its name"
            f"{_about_labels(inputs, signature)}"
        )
    return Arrays({name: name for name in signature.inputs if name in inputs}, known, answers, program)


def load_arrays(file: Path, names: Iterable[str]) -> dict[str, NDArray[Any]]:
    """Return whole arrays, whose headers have been read.

    Raises:
        BadInputError: The file is damaged.
    """
    # Without pickle, because an array of objects could contain code.
    with _whole(file), np.load(file, allow_pickle=False) as content:
        return {name: content[name] for name in names}


def stream_arrays(
    file: Path, headers: Mapping[str, ArrayHeader], names: Iterable[str], values: int
) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield some rows of all arrays at once.

    Args:
        file: The file.
        headers: The headers of its arrays, which have as many rows.
        names: The arrays to read.
        values: Number of values of the widest array to read at once.

    Raises:
        BadInputError: The file is damaged.
    """
    wanted = list(names)
    widest = max(math.prod(headers[name].shape[1:]) for name in wanted)
    at_once = max(1, values // max(1, widest))
    count = headers[wanted[0]].shape[0]
    with _whole(file), zipfile.ZipFile(file) as archive:
        # These cannot be read by rows.
        whole = load_arrays(file, [name for name in wanted if headers[name].fortran_order])
        streams = {name: archive.open(f"{name}.npy") for name in wanted if name not in whole}
        for stream in streams.values():
            _HEADERS[np.lib.format.read_magic(stream)](stream)
        for start in range(0, count, at_once):
            rows = min(at_once, count - start)
            read = {name: _rows(stream, headers[name], rows) for name, stream in streams.items()}
            yield read | {name: value[start : start + rows] for name, value in whole.items()}


def _rows(stream: IO[bytes], header: ArrayHeader, rows: int) -> NDArray[Any]:
    shape = (rows, *header.shape[1:])
    content = stream.read(math.prod(shape) * header.dtype.itemsize)
    return np.frombuffer(content, header.dtype).reshape(shape)


def _whole(file: Path) -> AbstractContextManager[None]:
    return refuse_broken(
        lambda error: BadInputError(f"{file.name} is cut short or corrupt ({error}); write it again with numpy.savez")
    )


def _read_header(file: str, member: zipfile.ZipInfo, stream: IO[bytes]) -> ArrayHeader:
    """Refuse a member whose header NumPy would trust: it allocates what the header says before it reads the values."""
    where = f"{file}: {member.filename!r}"
    try:
        shape, fortran_order, dtype = _HEADERS[np.lib.format.read_magic(stream)](stream)
    except (ValueError, KeyError, tokenize.TokenError, RecursionError) as error:
        raise BadInputError(f"{where} is not an array of NumPy's; write the file again with numpy.savez") from error
    if dtype.hasobject or dtype.fields:
        raise BadInputError(
            f"{where} is of the type {dtype}; it must hold plain arrays, no Python objects: convert it before "
            "numpy.savez, text with .astype(str)"
        )
    declared = stream.tell() + math.prod(shape) * dtype.itemsize
    if any(type(size) is not int or size < 0 for size in shape) or declared != member.file_size:
        raise BadInputError(
            f"{where} is cut short or corrupt: it says that it has the shape {_shown(shape)} of {dtype}, and has "
            f"{member.file_size:,} bytes; write the file again with numpy.savez"
        )
    return ArrayHeader(shape, dtype, bool(fortran_order) and len(shape) > 1)


def _shown(shape: tuple[Any, ...]) -> str:
    text = str(list(shape))
    return text if len(text) <= 100 else f"{text[:100]}…"


def _about_labels(arrays: Iterable[str], signature: SignatureSpec) -> str:
    others = [name for name in arrays if name.lower() in OTHER_NAMES and name not in signature.inputs]
    return f"; if {others[0]!r} holds the labels, call it {LABELS!r}" if others else ""


def _only_output(file: str, signature: SignatureSpec, problems: Problems) -> str | None:
    if len(signature.outputs) == 1:
        return next(iter(signature.outputs))
    names = ", ".join(f"`labels/{name}`" for name in signature.outputs)
    problems.add(
        f"{file} has `labels`, but the model has {len(signature.outputs)} outputs; say which one is meant: {names}"
    )
    return None
