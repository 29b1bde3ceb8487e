"""Lists what retention may remove of a model, and removes it with all object versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from .. import aws
from ..errors import ModelError
from .rules import Version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..store import Store


def list_versions(store: Store, prefix: str, model_format: str) -> list[Version]:
    """Return every version of a format that has a file left, the oldest first."""
    files: dict[int, dict[str, float]] = {}
    directory = f"{prefix}/{model_format}/"
    for key, modified in _times(store, directory):
        number, slash, _ = key.removeprefix(directory).partition("/")
        if slash and number.isascii() and number.isdecimal():
            files.setdefault(int(number), {})[key] = modified
    return [_version(store, f"{directory}{number}/", number, times) for number, times in sorted(files.items())]


def list_builds(store: Store, prefix: str) -> dict[str, float]:
    """Return when each build wrote its last file, in seconds since 1970, by its ID."""
    builds: dict[str, float] = {}
    directory = f"{prefix}/builds/"
    for key, modified in _times(store, directory):
        name, slash, _ = key.removeprefix(directory).partition("/")
        if slash:
            builds[name] = max(modified, builds.get(name, 0.0))
    return builds


def remove_version(store: Store, prefix: str, version: Version) -> None:
    """Delete a version: the manifest first, and last the directory, by which an unfinished removal is found again."""
    _delete(store, version.manifest_key)
    for key in store.sizes(f"{prefix}/keys/"):
        if key.endswith(f"/{version.number}.json"):
            _delete(store, key)
    _delete(store, f"{prefix}/golden/{version.number}.json")
    _delete(store, f"{prefix}/archive/{version.number}.tar.gz")
    _delete(store, version.key_prefix)


def remove_build(store: Store, prefix: str, build: str) -> None:
    """Delete the report of a build."""
    _delete(store, f"{prefix}/builds/{build}/")


def _version(store: Store, key_prefix: str, number: int, times: dict[str, float]) -> Version:
    has_manifest = f"{key_prefix}manifest.json" in times
    manifest = (store.read_document(f"{key_prefix}manifest.json") if has_manifest else None) or {}
    return Version(number, key_prefix, max(times.values()), has_manifest, str(manifest.get("buildId", "")))


def _times(store: Store, directory: str) -> Iterator[tuple[str, float]]:
    pages = aws.s3().get_paginator("list_objects_v2").paginate(Bucket=store.bucket, Prefix=directory)
    for page in pages:
        for item in page.get("Contents", []):
            yield item["Key"], item["LastModified"].timestamp()


def _delete(store: Store, start: str) -> None:
    """Delete every version of each object whose key begins like this, and the markers of deleted ones."""
    pages: Any = aws.s3().get_paginator("list_object_versions").paginate(Bucket=store.bucket, Prefix=start)
    objects = [item for page in pages for kind in ("Versions", "DeleteMarkers") for item in page.get(kind, [])]
    for item in objects:
        try:
            aws.s3().delete_object(Bucket=store.bucket, Key=item["Key"], VersionId=item["VersionId"])
        except ClientError as error:
            if not aws.is_denied(error):
                raise
            raise ModelError(
                f"{store.address(item['Key'])} cannot be deleted ({aws.sentence_of(error)}): allow "
                "s3:DeleteObjectVersion to the role of the pruning function; its next run goes on"
            ) from error
