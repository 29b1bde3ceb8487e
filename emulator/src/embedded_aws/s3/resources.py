"""Buckets of a template: the properties that MiniStack drops, and the deletion that AWS refuses."""

from __future__ import annotations

from typing import Any

from ministack.services import s3

from embedded_aws.cloudformation.wrapping import after, before_delete
from embedded_aws.patching import rely_on


def install() -> None:
    """Completes buckets."""
    rely_on(s3, "_buckets", "_bucket_tags", "_bucket_versioning", "_object_versions")
    after("AWS::S3::Bucket", _apply)
    before_delete("AWS::S3::Bucket", _check_empty)


def _apply(name: str, properties: dict[str, Any]) -> None:
    # The CDK's autoDeleteObjects reads a tag before it empties a bucket that is going.
    tags = {tag["Key"]: str(tag["Value"]) for tag in properties.get("Tags") or []}
    if tags:
        s3._bucket_tags[name] = tags
    else:
        s3._bucket_tags.pop(name, None)
    if (properties.get("VersioningConfiguration") or {}).get("Status") == "Suspended":
        s3._bucket_versioning[name] = "Suspended"


def _check_empty(name: str) -> None:
    bucket = s3._buckets.get(name)
    versions = any(key[0] == name and found for key, found in s3._object_versions.items())
    if bucket and (bucket["objects"] or versions):
        raise ValueError(
            "The bucket you tried to delete is not empty. You must delete all versions in the bucket. "
            f"(Service: S3, Status Code: 409, bucket {name})",
        )
