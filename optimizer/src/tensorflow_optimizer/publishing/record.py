"""Finds the record of a complete version."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from pydantic import ValidationError

from ..documents.document import sha256_of
from ..documents.manifest import Manifest
from ..documents.record import Record

if TYPE_CHECKING:
    from ..storage.s3 import Bucket


def record_key(prefix: str, build_key: str, version: int | str) -> str:
    """Return the key of a version's record."""
    return f"{prefix}/keys/{build_key}/{version}.json"


def find_complete(bucket: Bucket, prefix: str, build_key: str) -> Record | None:
    """Return the record that all readers use: the lowest version whose manifest and files exist."""
    names = [item.key.rsplit("/", 1)[-1] for item in bucket.list_objects(f"{prefix}/keys/{build_key}/")]
    versions = sorted(int(name[:-5]) for name in names if name.endswith(".json") and name[:-5].isdecimal())
    for version in versions:
        record = _complete(bucket, record_key(prefix, build_key, version))
        if record is not None:
            return record
    return None


def _complete(bucket: Bucket, key: str) -> Record | None:
    try:
        record = Record.model_validate_json(bucket.read(key))
    except ValidationError:
        return None
    # List instead of individual requests: a role with permission to list a prefix only is denied for missing objects.
    directory = posixpath.dirname(record.manifest_key)
    present = {item.key: item.size for item in bucket.list_objects(f"{directory}/")}
    beside = [name for name in (record.archive_key, record.golden_key, record.server_key) if name]
    for name in beside:
        present.update({item.key: item.size for item in bucket.list_objects(name)})
    if not present.keys() >= {record.manifest_key, *beside}:
        return None
    text = bucket.read(record.manifest_key)
    if sha256_of(text) != record.manifest_sha256:
        return None
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError:
        return None  # Of another version of the optimizer.
    layer = bucket.head(record.layer_key) if record.layer_key in present else None
    if layer is not None and layer.version != record.layer_object_version:
        return None  # Deployments pin the version that the record names.
    files = [*manifest.files, *manifest.documents]
    whole = all(present.get(f"{directory}/{file.path}") == file.size for file in files if "!" not in file.path)
    return record if whole else None
