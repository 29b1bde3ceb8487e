"""Reads the manifests of published versions."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from ..documents.pruned_versions import refuse_pruned
from ..errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..store import Store

SCHEMA_VERSION = 1


def read_manifest(
    store: Store, key: str, digest: str, is_rollback: Callable[[], bool] = lambda: False
) -> tuple[dict[str, Any], str]:
    """Return a manifest and its SHA-256, which must equal `digest` if given; fail if its version was pruned.

    Args:
        store: The bucket.
        key: The manifest's key.
        digest: Its SHA-256; empty if any is right.
        is_rollback: Tells whether the stack returns to what it served. A manifest that was changed or deleted since is
            then read as it was, because an error would leave the stack unable to go forward or back.
    """
    refuse_pruned(store, key)
    content = store.read(key)
    if digest and (content is None or hashlib.sha256(content).hexdigest() != digest) and is_rollback():
        content = store.find_earlier(key, digest) or content
    if content is None:
        raise ModelError(f"there is no manifest {store.address(key)}: publish the model again, or name another version")
    sha256 = hashlib.sha256(content).hexdigest()
    if digest and sha256 != digest:
        raise ModelError(
            f"the manifest {store.address(key)} has the SHA-256 {sha256}, and {digest} was asked for: it is not the "
            "model that was meant; restore its earlier object version, or name its manifest and digest again"
        )
    try:
        manifest = json.loads(content)
        version = manifest["schemaVersion"]
    except (ValueError, TypeError, KeyError) as error:
        raise ModelError(f"{store.address(key)} is not the manifest of a published model") from error
    if version != SCHEMA_VERSION:
        raise ModelError(
            f"the manifest {store.address(key)} has the schema version {version}, and this library reads "
            f"{SCHEMA_VERSION}: publish the model with the optimizer of the same version"
        )
    return manifest, sha256
