"""The base of all documents that the optimizer reads or writes."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel


class Document(BaseModel):
    """A JSON document, or a part of one: camelCase outside, immutable, no unknown members."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        protected_namespaces=(),
        use_attribute_docstrings=True,
        # The first use of a document prepares it: a command needs few of those that it imports.
        defer_build=True,
    )

    def to_data(self) -> dict[str, Any]:
        """Return plain data with the names that the document has on disk."""
        data: dict[str, Any] = self.model_dump(mode="json", by_alias=True)
        return data

    def to_json(self) -> str:
        """Return the text that is written to disk: stable, so that equal documents are equal files."""
        return json.dumps(self.to_data(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def problems_of(error: ValidationError) -> str:
    """Return all that is wrong with a document, in one line."""
    return "; ".join(
        f"{'.'.join(map(str, problem['loc'])) or 'the document'}: {problem['msg']}" for problem in error.errors()
    )


def sha256_of(data: bytes) -> str:
    """Return the SHA-256 of `data` in lower-case hexadecimal."""
    return hashlib.sha256(data).hexdigest()
