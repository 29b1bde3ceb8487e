"""Buckets of a template: sets the properties that MiniStack drops, refuses the deletion that AWS refuses."""

from __future__ import annotations

from typing import Any

from ministack.services import s3


def apply(name: str, properties: dict[str, Any]) -> None:
    """Sets the properties that MiniStack drops."""
    # The CDK's autoDeleteObjects reads a tag before it empties a bucket that is going.
    tags = {tag["Key"]: str(tag["Value"]) for tag in properties.get("Tags") or []}
    if tags:
        s3._bucket_tags[name] = tags
    else:
        s3._bucket_tags.pop(name, None)
    if (properties.get("VersioningConfiguration") or {}).get("Status") == "Suspended":
        s3._bucket_versioning[name] = "Suspended"


def check_empty(name: str) -> None:
    """Refuses to delete a bucket that holds objects.

    Raises:
        ValueError: with AWS's sentence.
    """
    bucket = s3._buckets.get(name)
    versions = any(key[0] == name and found for key, found in s3._object_versions.items())
    if bucket and (bucket["objects"] or versions):
        raise ValueError(
            "The bucket you tried to delete is not empty. You must delete all versions in the bucket. "
            f"(Service: S3, Status Code: 409, bucket {name})",
        )
