"""The build key identifies everything that determines a build's output."""

from __future__ import annotations

import hashlib
import json
from typing import Any

#: Members of job.json whose `location` is left out. Elsewhere `location` may be the name of an input or output.
_LOCATED = {("source",), ("evaluation",), ("recipe", "steps", "student", "given")}


def build_key(job: dict[str, Any]) -> str:
    """Return the SHA-256 of everything in job.json that determines the output.

    Locations are left out: the same content elsewhere makes the same model. Absent and null are equal, so that a new
    member of the schema does not change old keys.
    """
    text = json.dumps(_deciding(job), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _deciding(value: Any, *path: str) -> Any:
    if isinstance(value, dict):
        return {
            name: _deciding(member, *path, name)
            for name, member in value.items()
            if member is not None and not (name == "location" and path in _LOCATED)
        }
    if isinstance(value, list):
        return [_deciding(member, *path) for member in value]
    return value
