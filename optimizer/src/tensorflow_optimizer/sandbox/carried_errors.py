"""Errors that travel from a leaf to the judge: their kind, their text and their hints, and nothing else."""

from __future__ import annotations

from typing import Any

from ..errors import BadInputError, OptimizerError, RunError, UnsupportedError
from ..hints import Hint
from ..processes.exhaustion import ExhaustedError, unexpected
from ..processes.plain_text import one_line

#: Kinds of error that a leaf may report, by name. The gate's refusal is none: leaves do not judge.
_KINDS: dict[str, type[OptimizerError]] = {
    kind.__name__: kind for kind in (OptimizerError, BadInputError, UnsupportedError, ExhaustedError)
}


def to_document(error: BaseException) -> dict[str, Any]:
    """Return what travels of an error. One that nobody expected becomes an OptimizerError that says so."""
    if isinstance(error, RunError):
        return {"kind": RunError.__name__, "text": one_line(str(error)), "hints": []}
    known = error if isinstance(error, OptimizerError) else unexpected(error)
    kind = next(name for name in (cls.__name__ for cls in type(known).__mro__) if name in _KINDS)
    return {"kind": kind, "text": one_line(str(known)), "hints": [str(hint) for hint in known.hints]}


def from_document(document: Any) -> OptimizerError | RunError:
    """Return the error of a leaf. The document may be anything."""
    members: dict[Any, Any] = document if isinstance(document, dict) else {}
    text, kind = text_of(members.get("text")) or "the model's process failed without a reason", members.get("kind")
    if kind == RunError.__name__:
        return RunError(text)
    error = _KINDS.get(kind, OptimizerError) if isinstance(kind, str) else OptimizerError
    return error(text, *hints_of(members.get("hints")))


def hints_of(names: Any) -> tuple[Hint, ...]:
    """Return the hints of a leaf's list, without what is none."""
    known = set(Hint)
    listed = names[: len(known)] if isinstance(names, list) else []
    return tuple(Hint(name) for name in listed if isinstance(name, str) and name in known)


def text_of(text: Any) -> str:
    """Return a text of a leaf as one safe line; empty if it is none."""
    return one_line(text) if isinstance(text, str) else ""
