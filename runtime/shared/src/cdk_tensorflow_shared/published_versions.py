"""The rule that decides which published version stands for a build key.

The optimizer adopts such a version instead of publishing another one, and a deployment serves it.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Prefix of the paths in a manifest that are inside the layer.
IN_LAYER = "layer.zip!/"
#: Schema version of the manifests that this library writes and reads.
SCHEMA_VERSION = 1
#: The mark of success, a record's `Status`: written last of all, and only while the build succeeds.
SUCCEEDED = "SUCCEEDED"
#: Members that every record has.
REQUIRED = ("Status", "Version", "KeyPrefix", "ManifestKey", "ManifestSha256", "ReportKey", "BuildUrl", "Summary")


class Objects(Protocol):
    """The objects of a bucket."""

    def sizes(self, prefix: str) -> Mapping[str, int]:
        """Return the size of every object below a prefix, by key."""
        ...

    def exists(self, key: str) -> bool:
        """Tell whether an object with exactly this key exists."""
        ...

    def read(self, key: str) -> bytes | None:
        """Return an object's content, or None if it does not exist."""
        ...

    def has_version(self, key: str, version: str) -> bool:
        """Tell whether an object still has this version."""
        ...


def record_key(prefix: str, build_key: str, version: int | str) -> str:
    """Return the key of a version's record."""
    return f"{prefix}/keys/{build_key}/{version}.json"


def pruned_key(manifest_key: str) -> str | None:
    """Return the key of the document that says that a version is pruned; None for what is not the key of a manifest."""
    match = re.fullmatch(r"(.+)/[^/]+/([1-9]\d*)/manifest\.json", manifest_key)
    return match and f"{match[1]}/pruned/{match[2]}.json"


def is_object(path: str) -> bool:
    """Tell whether a path of a manifest is an object of its own, and not inside the layer."""
    return not path.startswith(IN_LAYER)


def find_record(objects: Objects, prefix: str, build_key: str, *, unmarked: bool = False) -> dict[str, str] | None:
    """Return the record of the lowest version of this build key that is complete.

    Args:
        objects: The objects of the bucket.
        prefix: The model's prefix in it.
        build_key: The build key.
        unmarked: As for `read_record`.
    """
    directory = record_key(prefix, build_key, "").removesuffix(".json")
    names = [key.removeprefix(directory) for key in objects.sizes(directory)]
    versions = sorted(int(match[1]) for name in names if (match := re.fullmatch(r"([1-9]\d*)\.json", name)))
    records = (read_record(objects, prefix, build_key, version, unmarked=unmarked) for version in versions)
    return next((record for record in records if record is not None), None)


def read_record(
    objects: Objects, prefix: str, build_key: str, version: int | str, *, unmarked: bool = False
) -> dict[str, str] | None:
    """Return the record of one version that a build key made; None unless the version is complete.

    A complete version has the mark of success, and is not pruned. Its manifest is below the prefix and one that this
    library reads, and everything that the record and the manifest name is there as it was published.

    Args:
        objects: The objects of the bucket.
        prefix: The model's prefix in it.
        build_key: The build key.
        version: The version's number.
        unmarked: Whether a record without a mark counts too, as before there were marks. Only what a stack serves
            already may be found like that.
    """
    record = _document(objects.read(record_key(prefix, build_key, version)))
    if not _counts(record, unmarked=unmarked):
        return None
    key_prefix = record["KeyPrefix"]
    is_below = key_prefix.startswith(f"{prefix}/") and record["ManifestKey"] == f"{key_prefix}manifest.json"
    text = objects.read(record["ManifestKey"]) if is_below else None
    if text is None or hashlib.sha256(text).hexdigest() != record["ManifestSha256"]:
        return None
    pruned = pruned_key(record["ManifestKey"])
    if pruned is None or objects.exists(pruned):
        return None
    manifest = _document(text)
    is_readable = manifest.get("schemaVersion") == SCHEMA_VERSION
    expected = {
        key_prefix + file["path"]: file["size"]
        for file in [*manifest.get("files", []), *manifest.get("documents", [])]
        if is_object(file["path"])
    }
    if not is_readable or not expected or not expected.items() <= objects.sizes(key_prefix).items():
        return None
    beside = [key for key in map(record.get, ("ArchiveKey", "GoldenKey")) if key and key.startswith(f"{prefix}/")]
    # A server is not below the model's prefix, because all models share it.
    beside += [record["ServerKey"]] if record.get("ServerKey") else []
    if not all(map(objects.exists, beside)):
        return None
    layer, layer_version = record.get("LayerKey"), record.get("LayerObjectVersion")
    return record if not layer or not layer_version or objects.has_version(layer, layer_version) else None


def _counts(record: dict[str, Any], *, unmarked: bool) -> bool:
    """Tell whether a record has all members, as texts, and the mark of success, or may lack it and does."""
    known = {"Status": "", **record}
    is_whole = all(isinstance(value, str) for value in known.values()) and known.keys() >= set(REQUIRED)
    return is_whole and known["Status"] in ({SUCCEEDED, ""} if unmarked else {SUCCEEDED})


def _document(content: bytes | None) -> dict[str, Any]:
    """Return a JSON object; an empty one for anything else."""
    try:
        document = json.loads(content or b"")
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
