"""An .npz file: one array per input, `labels` or `labels/<output>`."""

from __future__ import annotations

import math
import tokenize
import zipfile
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from ..archives import refuse_broken
from ..errors import BadInputError
from .dataset import OTHER_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from ..signatures import SignatureSpec

LABELS = "labels"
#: Readers of headers by the version of the format. Later versions are only for arrays of records.
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def read_npz(file: Path, signature: SignatureSpec) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
    """Return inputs and labels by name, as the file has them.

    Raises:
        BadInputError: the file is damaged, or its arrays are not the signature's inputs.
    """
    content = _arrays(file)
    labels: dict[str, NDArray[Any]] = {}
    inputs: dict[str, NDArray[Any]] = {}
    for name, value in content.items():
        if name == LABELS and LABELS not in signature.inputs:
            labels[_only_output(file, signature)] = value
        elif name.startswith(f"{LABELS}/"):
            labels[name.removeprefix(f"{LABELS}/")] = value
        else:
            inputs[name] = value
    unknown = sorted(set(labels) - set(signature.outputs))
    if unknown:
        raise BadInputError(
            f"{file.name} has labels for {', '.join(map(repr, unknown))}, but the outputs of {signature.name!r} are "
            f"{', '.join(map(repr, signature.outputs))}"
        )
    if len(signature.inputs) == 1 and len(inputs) == 1:
        return {next(iter(signature.inputs)): next(iter(inputs.values()))}, labels
    if set(inputs) != set(signature.inputs):
        raise BadInputError(
            f"{file.name} has the arrays {', '.join(map(repr, sorted(inputs))) or 'none'}, but the inputs of "
            f"{signature.name!r} are {', '.join(map(repr, signature.inputs))}; one array per input, under its name"
            f"{_about_labels(inputs, signature)}"
        )
    return inputs, labels


def _arrays(file: Path) -> dict[str, NDArray[Any]]:
    with refuse_broken(
        lambda error: BadInputError(f"{file.name} is cut short or corrupt ({error}); write it again with numpy.savez")
    ):
        with zipfile.ZipFile(file) as archive:
            for member in archive.infolist():
                with archive.open(member) as stream:
                    _check_header(file.name, member, stream)
        # Without pickle, because an array of objects could contain code.
        with np.load(file, allow_pickle=False) as content:
            arrays = {name: content[name] for name in sorted(content.files)}
    for name, value in arrays.items():
        if value.ndim == 0:
            raise BadInputError(f"{file.name}: {name!r} is a single value; dimension 0 of every array is the sample")
    return arrays


def _check_header(file: str, member: zipfile.ZipInfo, stream: IO[bytes]) -> None:
    """Refuse a member whose header NumPy would trust: it allocates what the header says before it reads the values."""
    where = f"{file}: {member.filename!r}"
    try:
        shape, _, dtype = _HEADERS[np.lib.format.read_magic(stream)](stream)
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


def _shown(shape: tuple[Any, ...]) -> str:
    text = str(list(shape))
    return text if len(text) <= 100 else f"{text[:100]}…"


def _about_labels(arrays: Iterable[str], signature: SignatureSpec) -> str:
    others = [name for name in arrays if name.lower() in OTHER_NAMES and name not in signature.inputs]
    return f"; if {others[0]!r} holds the labels, call it {LABELS!r}" if others else ""


def _only_output(file: Path, signature: SignatureSpec) -> str:
    if len(signature.outputs) == 1:
        return next(iter(signature.outputs))
    names = ", ".join(f"`labels/{name}`" for name in signature.outputs)
    raise BadInputError(
        f"{file.name} has `labels`, but the model has {len(signature.outputs)} outputs; say which one is meant: {names}"
    )
