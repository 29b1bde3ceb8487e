"""Data classes and documents as plain JSON, for what passes from one process to another."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from ..errors import OptimizerError

if TYPE_CHECKING:
    from collections.abc import Hashable

#: Most characters of the place and the reason in an error about another process's answer.
_LONGEST = 300


@cache
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    form: Any = kind
    return TypeAdapter(form)


def to_plain(kind: Any, value: Any) -> Any:
    """Return a value of a type as what JSON can hold."""
    return _adapter(kind).dump_python(value, mode="json", by_alias=True)


def from_plain(kind: Any, data: Any, what: str) -> Any:
    """Read a value that another process sent.

    Args:
        kind: Its type.
        data: What JSON held.
        what: Names it in errors.

    Raises:
        OptimizerError: It is no such value.
    """
    try:
        return _adapter(kind).validate_python(data, strict=False)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(repr, first["loc"]))[:_LONGEST]
        raise OptimizerError(
            f"what a process said of {what} cannot be read ({where}: {first['msg'][:_LONGEST]}); start the job again"
        ) from error
