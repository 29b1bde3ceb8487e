"""An .npz file: one array per input, `labels` or `labels/<output>`."""

from __future__ import annotations

import zipfile
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BadInputError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ..signatures import SignatureSpec

_LABELS = "labels"


def read_npz(file: Path, signature: SignatureSpec) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
    """Return inputs and labels by name, as the file has them.

    Raises:
        BadInputError: the file is damaged, or its arrays are not the signature's inputs.
    """
    content = _arrays(file)
    labels: dict[str, NDArray[Any]] = {}
    inputs: dict[str, NDArray[Any]] = {}
    for name, value in content.items():
        if name == _LABELS and _LABELS not in signature.inputs:
            labels[_only_output(file, signature)] = value
        elif name.startswith(f"{_LABELS}/"):
            labels[name.removeprefix(f"{_LABELS}/")] = value
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
        )
    return inputs, labels


def _arrays(file: Path) -> dict[str, NDArray[Any]]:
    try:
        # Without pickle, because an array of objects could contain code.
        with np.load(file, allow_pickle=False) as content:
            arrays = {name: content[name] for name in sorted(content.files)}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise BadInputError(
            f"{file.name} is cut short or corrupt ({error}); write it again with numpy.savez"
        ) from error
    except ValueError as error:
        raise BadInputError(
            f"{file.name} cannot be read ({error}); it must hold plain arrays, no Python objects"
        ) from error
    for name, value in arrays.items():
        if value.ndim == 0:
            raise BadInputError(f"{file.name}: {name!r} is a single value; dimension 0 of every array is the sample")
    return arrays


def _only_output(file: Path, signature: SignatureSpec) -> str:
    if len(signature.outputs) == 1:
        return next(iter(signature.outputs))
    names = ", ".join(f"`labels/{name}`" for name in signature.outputs)
    raise BadInputError(
        f"{file.name} has `labels`, but the model has {len(signature.outputs)} outputs; say which one is meant: {names}"
    )
