"""Answers in the evaluation data of the program that the model was converted from: `reference/<output>`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..signatures import SignatureSpec
    from .problems import Problems

#: The array of this very name, if there are answers, is the program's name.
REFERENCE = "reference"
_LONGEST_NAME = 100
_UNNAMED = "another program"


def is_answer(name: str, signature: SignatureSpec) -> bool:
    """Say whether an array holds answers, by its name."""
    return name.startswith(f"{REFERENCE}/") and name not in signature.inputs


def assign_answers(file: str, names: Sequence[str], signature: SignatureSpec, problems: Problems) -> dict[str, str]:
    """Return the name of the array with the answers of each output; none if the file has no answers.

    Args:
        file: Name of the file.
        names: Names of its arrays.
        signature: The signature of the data.
        problems: Receives answers of unknown outputs, and outputs without answers.
    """
    answers = {name.removeprefix(f"{REFERENCE}/"): name for name in names if is_answer(name, signature)}
    unknown = sorted(answers.keys() - signature.outputs.keys())
    missing = sorted(signature.outputs.keys() - answers.keys())
    if answers and (unknown or missing):
        problems.add(
            f"{file} has answers of another program for {', '.join(map(repr, sorted(answers)))}, but the outputs of "
            f"{signature.name!r} are {', '.join(map(repr, signature.outputs))}; give each an array "
            f"`{REFERENCE}/<output>`, or none"
        )
    return {output: name for output, name in answers.items() if output in signature.outputs}


def program_of(file: str, value: NDArray[Any] | None) -> str:
    """Return the name of the program that gave the answers.

    Raises:
        BadInputError: The array is not one short line of text.
    """
    if value is None:
        return _UNNAMED
    text = str(value) if value.ndim == 0 and value.dtype.kind == "U" else ""
    if not 0 < len(text) <= _LONGEST_NAME or not text.isprintable():
        raise BadInputError(
            f"{file}: {REFERENCE!r} must be the name of the program that gave the answers, one line of at most "
            f"{_LONGEST_NAME} characters, got {value.dtype} of the shape {list(value.shape)}"
        )
    return text
