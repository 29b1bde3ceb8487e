"""Schemas with names, to which others refer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .values import Schema

#: Characters that the name of a component cannot have.
_ODD = re.compile(r"[^A-Za-z0-9._-]")


class Components:
    """Named schemas of a document."""

    def __init__(self) -> None:
        self.schemas: dict[str, Schema] = {}

    def refer(self, name: str, schema: Schema) -> Schema:
        """Keep a schema under a name, or under one like it that no other schema has, and return a reference to it."""
        plain = _ODD.sub("_", name)
        key, count = plain, 1
        while self.schemas.setdefault(key, schema) != schema:
            count += 1
            key = f"{plain}_{count}"
        return {"$ref": f"#/components/schemas/{key}"}
