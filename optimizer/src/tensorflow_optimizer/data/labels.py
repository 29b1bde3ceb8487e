"""Converts labels to the form of their output: numbers or text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BadInputError
from ..hints import Hint
from ..signatures.spec import STRING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..signatures import TensorSpec


def labels_for(file: str, output: str, spec: TensorSpec, values: NDArray[Any], names: list[str] | None) -> NDArray[Any]:
    """Return an output's labels in the form of its answers: numbers, or bytes for an output of text.

    Args:
        file: The file with the labels.
        output: The output's name.
        spec: The output.
        values: The labels as in the file.
        names: Names of the classes, in the order of the output.

    Raises:
        BadInputError: They are neither numbers nor names, or do not match the output.
    """
    text = values.dtype.kind in "USO" and all(isinstance(value, (str, bytes)) for value in values.ravel().tolist())
    if not text and values.dtype.kind not in "biuf":
        raise BadInputError(
            f"{file}: the labels of the output {output!r} are not all numbers or all names, or differ in shape"
        )
    if spec.dtype != STRING:
        return _numbered(file, values, names) if text else values
    if not text:
        raise BadInputError(
            f"{file}: the labels of the output {output!r} are {values.dtype}, but it answers text; give the text that "
            "it should answer"
        )
    return as_bytes(file, values)


def as_bytes(file: str, values: NDArray[Any]) -> NDArray[Any]:
    """Return text as an array of UTF-8 bytes, the format of models.

    Raises:
        BadInputError: A text has half of a surrogate pair.
    """
    try:
        encoded = [value.encode("utf-8") if isinstance(value, str) else value for value in values.ravel().tolist()]
    except UnicodeEncodeError as error:
        raise BadInputError(f"{file} has the text {error.object!r}, which cannot be written in UTF-8") from error
    result = np.empty(len(encoded), dtype=object)
    result[:] = encoded
    return result.reshape(values.shape)


def _numbered(file: str, values: NDArray[Any], names: list[str] | None) -> NDArray[Any]:
    given = [
        value.decode("utf-8", "replace") if isinstance(value, bytes) else value for value in values.ravel().tolist()
    ]
    if not names:
        raise BadInputError(
            f"{file} labels by name; give the class names in the order of the output (`labels`)", Hint.CLASS_NAMES
        )
    numbers = {name: number for number, name in enumerate(names)}
    unknown = sorted(set(given) - set(numbers))
    if unknown:
        raise BadInputError(
            f"{file} has the label {unknown[0]!r}, which is none of {', '.join(names[:10])}", Hint.CLASS_NAMES
        )
    return np.array([numbers[entry] for entry in given]).reshape(values.shape)
