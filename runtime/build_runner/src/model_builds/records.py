"""Finds the record of the version that a build key has made, and converts it for CloudFormation."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import ModelError, shorten
from .pruned import is_pruned

if TYPE_CHECKING:
    from .store import Store

#: Attributes of the custom resource. The optimizer generates the schema from its own model of a record.
ATTRIBUTES = tuple(json.loads((Path(__file__).parent / "record.schema.json").read_text(encoding="utf-8"))["properties"])

#: CloudFormation accepts 4,096 bytes for the whole response, including IDs.
LONGEST_DATA = 3_000
_LONGEST_SUMMARY = 400


def find_record(store: Store, prefix: str, key: str) -> dict[str, str] | None:
    """Return the record of the lowest version of this build key whose files are all present."""
    directory = f"{prefix}/keys/{key}/"
    versions = sorted(
        int(match.group(1))
        for name in store.sizes(directory)
        if (match := re.fullmatch(r"([1-9]\d*)\.json", name.removeprefix(directory)))
    )
    found = (find_version(store, prefix, key, version) for version in versions)
    return next((record for record in found if record is not None), None)


def find_version(store: Store, prefix: str, key: str, version: int | str) -> dict[str, str] | None:
    """Return the record of one version that a build key made; None if it is no longer complete."""
    record = store.read_document(f"{prefix}/keys/{key}/{version}.json")
    return to_data(record) if record is not None and is_complete(store, prefix, record) else None


def is_complete(store: Store, prefix: str, record: dict[str, Any]) -> bool:
    """Tell whether everything named by a record is still present as published."""
    manifest_key = str(record.get("ManifestKey", ""))
    manifest = store.read(manifest_key)
    if (
        manifest is None
        or is_pruned(store, manifest_key)
        or hashlib.sha256(manifest).hexdigest() != record.get("ManifestSha256")
    ):
        return False
    key_prefix = str(record.get("KeyPrefix", ""))
    sizes = store.sizes(key_prefix)
    published = json.loads(manifest)
    for file in [*published.get("files", []), *published.get("documents", [])]:
        if "!/" not in file["path"] and sizes.get(key_prefix + file["path"]) != file["size"]:
            return False
    others = (str(record.get(name, "")) for name in ("ArchiveKey", "GoldenKey"))
    if not all(store.exists(other) for other in others if other.startswith(f"{prefix}/")):
        return False
    # Not below the model's prefix: one server is shared by all models.
    server = str(record.get("ServerKey") or "")
    if server and not store.exists(server):
        return False
    layer, version = record.get("LayerKey"), record.get("LayerObjectVersion")
    return not layer or not version or store.has_version(layer, version)


def to_data(record: dict[str, Any], **more: str) -> dict[str, str]:
    """Return a record as the custom resource's data: every attribute as text, short enough for CloudFormation."""
    data = {name: str(record.get(name) or "") for name in ATTRIBUTES} | more
    data["Summary"] = shorten(data["Summary"], _LONGEST_SUMMARY)
    if _size_of(data) > LONGEST_DATA:
        data["Summary"] = data["BuildUrl"] = ""
    if _size_of(data) > LONGEST_DATA:
        raise ModelError(
            f"what CloudFormation has to be told of version {data['Version']} has {_size_of(data)} bytes, and it takes "
            f"{LONGEST_DATA}: give the model a shorter modelName"
        )
    return data


def _size_of(data: dict[str, str]) -> int:
    return len(json.dumps(data, ensure_ascii=False).encode("utf-8"))
