"""Reads golden requests: requests to a published model with the answers from its build."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from ..errors import ModelError
from ..store import Store

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Golden:
    """golden/<version>.json."""

    signature: str
    tolerance: float
    """Allowed difference of a number, as a share of the greatest expected number of its output."""
    requests: list[dict[str, Any]]
    """`request`, a REST body, and `response`, the expected answer."""


def read_golden(bucket: str, key: str, sha256: str) -> Golden:
    """Return the golden requests of a published version.

    Args:
        bucket: The bucket.
        key: Their key.
        sha256: Their SHA-256, which the manifest names.

    Raises:
        ModelError: They are missing or changed, or have another schema.
    """
    store = Store(bucket)
    content = store.read(key)
    if content is None or hashlib.sha256(content).hexdigest() != sha256:
        raise ModelError(
            f"{store.address(key)} does not hold the golden requests with the SHA-256 {sha256}, which the manifest "
            "names, and a new version must answer them before callers get it: restore the object, or publish the model "
            "again"
        )
    document = json.loads(content)
    if document.get("schemaVersion") != SCHEMA_VERSION:
        raise ModelError(
            f"{store.address(key)} holds no golden requests of the schema version {SCHEMA_VERSION}, and a new version "
            "must answer them before callers get it: publish the model again"
        )
    return Golden(document["signatureName"], document["relativeTolerance"], document["requests"])
