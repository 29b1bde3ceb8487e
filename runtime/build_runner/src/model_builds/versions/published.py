"""The record of a published version, as its manifest and the bucket have it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_tensorflow_shared.published_versions import record_key

from ..errors import ModelError
from .records import to_data

if TYPE_CHECKING:
    from ..store import Store

LAYER_FILE = "layer.zip"


def published(
    store: Store, manifest_key: str, sha256: str, manifest: dict[str, Any], *, verify_layer: bool = False
) -> dict[str, str]:
    """Return the version's record, or an equivalent one for a model that was copied without it.

    What the manifest states is taken from there: a signature covers the manifest, and not the record.

    Args:
        store: The model's bucket.
        manifest_key: Key of the manifest.
        sha256: SHA-256 of its bytes.
        manifest: The manifest.
        verify_layer: Whether to compare the content of the layer's object version, which only the record names, with
            the manifest. It takes a download.
    """
    key_prefix = manifest_key.removesuffix("manifest.json")
    prefix = key_prefix.rstrip("/").rpartition("/")[0].rpartition("/")[0]
    version = str(manifest["version"])
    record = store.read_document(record_key(prefix, manifest["buildKey"], version)) or {}
    if record.get("ManifestSha256") != sha256 or record.get("ManifestKey") != manifest_key:
        record = _record_of_copy(store, prefix, manifest)
    record = record | _stated(key_prefix, manifest) | {"ManifestSha256": sha256}
    layer, named = record["LayerKey"], str(record.get("LayerObjectVersion") or "")
    known = named if layer and named and store.has_version(layer, named) else ""
    if layer and (verify_layer or not known):
        record = record | {"LayerObjectVersion": _layer_version(store, layer, known, manifest)}
    return to_data(record)


def _stated(key_prefix: str, manifest: dict[str, Any]) -> dict[str, str]:
    """Return the part of a record that follows from the manifest."""
    server = manifest.get("server") or {}
    prefix = key_prefix.rstrip("/").rpartition("/")[0].rpartition("/")[0]
    return {
        "Version": str(manifest["version"]),
        "KeyPrefix": key_prefix,
        "ManifestKey": f"{key_prefix}manifest.json",
        "ChecksumsSha256": digest_of(manifest, "SHA256SUMS"),
        "LayerKey": f"{key_prefix}{LAYER_FILE}" if digest_of(manifest, LAYER_FILE) else "",
        "GoldenKey": f"{prefix}/golden/{manifest['version']}.json" if manifest.get("goldenSha256") else "",
        "ServerKey": server.get("key", ""),
        "ServerSha256": server.get("sha256", ""),
    }


def _record_of_copy(store: Store, prefix: str, manifest: dict[str, Any]) -> dict[str, str]:
    version = manifest["version"]
    archive = f"{prefix}/archive/{version}.tar.gz"
    return {
        "Runtime": manifest["requirements"].get("runtime") or "",
        "ArchiveKey": archive if store.exists(archive) else "",
        "ArchiveSha256": store.find_object(archive)[1] if store.exists(archive) else "",
        "Summary": f"version {version}, copied from where it was published",
    }


def _layer_version(store: Store, layer: str, known: str, manifest: dict[str, Any]) -> str:
    """Return the object version of a layer, which must have the content that the manifest names.

    It is the known version, or the newest one if none is known, e.g. of a copy, whose version IDs differ from the
    record's.
    """
    expected = digest_of(manifest, LAYER_FILE)
    if not known and not store.exists(layer):
        raise ModelError(f"there is no {store.address(layer)}, which the manifest names: publish the model again")
    version, sha256 = store.find_object(layer, known)
    if sha256 != expected:
        raise ModelError(
            f"{store.address(layer)} has the SHA-256 {sha256}, and the manifest says {expected}: "
            "publish the model again"
        )
    return version


def digest_of(manifest: dict[str, Any], path: str) -> str:
    """Return the SHA-256 of a published file; empty if there is none."""
    return next((str(file["sha256"]) for file in manifest["files"] if file["path"] == path), "")
