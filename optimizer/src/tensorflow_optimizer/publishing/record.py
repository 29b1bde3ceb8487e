"""Finds the record of a complete version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_tensorflow_shared.published_versions import find_record

from ..documents.record import Record
from ..storage.storage_errors import StorageError

if TYPE_CHECKING:
    from ..storage.s3 import Bucket


def find_complete(bucket: Bucket, prefix: str, build_key: str) -> Record | None:
    """Return the record of the version that deployments serve for a build key; None if no version is complete."""
    record = find_record(_Objects(bucket), prefix, build_key)
    return None if record is None else Record.model_validate(record, extra="ignore")


class _Objects:
    """A bucket as the rule of complete versions reads it.

    Lists instead of asking for single objects: a role with permission to list a prefix only is denied for missing ones.
    """

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def sizes(self, prefix: str) -> dict[str, int]:
        return {item.key: item.size for item in self._bucket.list_objects(prefix)}

    def exists(self, key: str) -> bool:
        return key in self.sizes(key)

    def read(self, key: str) -> bytes | None:
        return self._bucket.read(key) if self.exists(key) else None

    def has_version(self, key: str, version: str) -> bool:
        try:
            return self._bucket.head(key, version) is not None
        except StorageError as error:
            if error.transient:
                raise
            return False
