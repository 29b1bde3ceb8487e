"""The build key: what two jobs share when the same inputs must make the same artifact."""

from __future__ import annotations

import hashlib
import json
from typing import Any

#: Paths of the `location`s in a job.json. Elsewhere `location` is a name of the user's own: of an input, an output.
_LOCATION_PATHS = {("source",), ("evaluation",), ("recipe", "steps", "student", "given")}


def _canonical(job: Any, *path: str) -> Any:
    """Return `job` without its locations, and without absent members at any depth."""
    if isinstance(job, dict):
        return {
            name: _canonical(value, *path, name)
            for name, value in job.items()
            if value is not None and not (name == "location" and path in _LOCATION_PATHS)
        }
    if isinstance(job, list):
        return [_canonical(value, *path) for value in job]
    return job


def build_key(job: dict[str, Any]) -> str:
    """Return the SHA-256 of the canonical job.json.

    Args:
        job: The document as it is on disk (plain data, camelCase), not the validated model: what its writer left out
            stays out, so that the custom resource computes the same key without knowing the schema.
    """
    text = json.dumps(_canonical(job), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
