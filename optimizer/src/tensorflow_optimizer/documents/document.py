"""The base of all documents that the optimizer reads or writes."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, ValidationError
from pydantic.alias_generators import to_camel
from typing_extensions import TypeAliasType

NotFinite = Literal["NaN", "Infinity", "-Infinity"]


def _written(number: float) -> float | NotFinite:
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


_MEASURED = "A measured number. NaN and the infinities, which JSON has not, are the texts of Protocol Buffers."
#: A number of a document that may be NaN or infinite; all others are finite.
Figure = TypeAliasType(
    "Figure",
    Annotated[float, Field(allow_inf_nan=True, description=_MEASURED), PlainSerializer(_written, when_used="json")],
)


class Document(BaseModel):
    """A JSON document, or a part of one: camelCase outside, immutable, no unknown members."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        protected_namespaces=(),
        use_attribute_docstrings=True,
        # A number that may not be finite is a Figure, which has a text in JSON.
        allow_inf_nan=False,
        # The first use of a document prepares it: a command needs few of those that it imports.
        defer_build=True,
    )

    def to_data(self) -> dict[str, Any]:
        """Return plain data with the names that the document has on disk."""
        data: dict[str, Any] = self.model_dump(mode="json", by_alias=True)
        return data

    def to_json(self) -> str:
        """Return the text that is written to disk: stable, so that equal documents are equal files."""
        return json.dumps(self.to_data(), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def problems_of(error: ValidationError) -> str:
    """Return all that is wrong with a document, in one line."""
    return "; ".join(
        f"{'.'.join(map(str, problem['loc'])) or 'the document'}: {problem['msg']}" for problem in error.errors()
    )


def sha256_of(data: bytes) -> str:
    """Return the SHA-256 of `data` in lower-case hexadecimal."""
    return hashlib.sha256(data).hexdigest()
