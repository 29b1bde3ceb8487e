"""The build key: what two jobs share when the same inputs must make the same artifact."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical(job: Any) -> Any:
    """Return `job` without its locations and its absent members, at any depth."""
    if isinstance(job, dict):
        return {name: canonical(value) for name, value in job.items() if name != "location" and value is not None}
    if isinstance(job, list):
        return [canonical(value) for value in job]
    return job


def build_key(job: dict[str, Any]) -> str:
    """Return the SHA-256 of the canonical job.json.

    Args:
        job: The document as it is on disk (plain data, camelCase), not the validated model: what its writer left out
            stays out, so that the custom resource computes the same key without knowing the schema.
    """
    text = json.dumps(canonical(job), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
