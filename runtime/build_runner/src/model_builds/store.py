"""Reads a bucket of published models."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from . import aws
from .errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable

_ABSENT = {"NoSuchKey", "NoSuchVersion", "404", "NotFound", "MethodNotAllowed", "405"}
_OUTRUN = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
#: Number of times that a document which somebody else keeps changing is read again.
_MOST_CHANGES = 5


class Store:
    """Reads documents and lists files.

    Existence is checked by listing: the role may list only below its models' prefixes, and without a general
    permission to list, S3 answers "forbidden" for a missing object.
    """

    def __init__(self, bucket: str) -> None:
        self.bucket = bucket

    def address(self, key: str) -> str:
        """Return an object's S3 URI."""
        return f"s3://{self.bucket}/{key}"

    def sizes(self, prefix: str) -> dict[str, int]:
        """Return the size of every object below a prefix, by key."""
        pages = aws.s3().get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return {item["Key"]: item["Size"] for page in pages for item in page.get("Contents", [])}

    def exists(self, key: str) -> bool:
        """Tell whether an object with exactly this key exists."""
        objects = aws.s3().list_objects_v2(Bucket=self.bucket, Prefix=key, MaxKeys=1).get("Contents", [])
        return bool(objects) and objects[0]["Key"] == key

    def read(self, key: str) -> bytes | None:
        """Return an object's content, or None if it does not exist."""
        return self._get(key)[0]

    def _get(self, key: str) -> tuple[bytes | None, str]:
        """Return an object's content and its ETag, or None and an empty text if it does not exist."""
        if not self.exists(key):
            return None, ""
        try:
            answer = aws.s3().get_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if aws.code_of(error) in _ABSENT:  # deleted since it was listed
                return None, ""
            raise
        return answer["Body"].read(), answer["ETag"]

    def find_earlier(self, key: str, sha256: str) -> bytes | None:
        """Return the content of an object's earlier version by its SHA-256; None if the bucket does not have it."""
        pages: Any = aws.s3().get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=key)
        for version in (item for page in pages for item in page.get("Versions", []) if item["Key"] == key):
            answer = aws.s3().get_object(Bucket=self.bucket, Key=key, VersionId=version["VersionId"])
            content = answer["Body"].read()
            if hashlib.sha256(content).hexdigest() == sha256:
                print(f"{self.address(key)} is read as it was published: the version {version['VersionId']}")
                return content
        return None

    def deleted(self, prefix: str) -> dict[str, str]:
        """Return when each object below a prefix was deleted that has not been written again, by key."""
        pages: Any = aws.s3().get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=prefix)
        markers = (marker for page in pages for marker in page.get("DeleteMarkers", []))
        return {marker["Key"]: marker["LastModified"].isoformat() for marker in markers if marker["IsLatest"]}

    def read_document(self, key: str) -> dict[str, Any] | None:
        """Return a JSON object, or None if it does not exist."""
        content = self.read(key)
        if content is None:
            return None
        try:
            document = json.loads(content)
        except ValueError:
            return None
        return document if isinstance(document, dict) else None

    def has_version(self, key: str, version: str) -> bool:
        """Tell whether an object still has this version."""
        try:
            aws.s3().head_object(Bucket=self.bucket, Key=key, VersionId=version)
        except ClientError as error:
            # S3 answers an unknown version ID with "bad request", and one without permission to list with "forbidden".
            if aws.is_transient(error):
                raise
            return False
        return True

    def find_object(self, key: str, version: str = "") -> tuple[str, str]:
        """Return the version ID and the SHA-256 of an object, or of one version of it."""
        chosen: dict[str, Any] = {"VersionId": version} if version else {}
        answer = aws.s3().get_object(Bucket=self.bucket, Key=key, **chosen)
        digest = hashlib.sha256()
        for block in answer["Body"].iter_chunks(1 << 20):
            digest.update(block)
        return answer.get("VersionId", ""), digest.hexdigest()

    def write(self, key: str, content: Callable[[bytes | None], str]) -> None:
        """Write a JSON document without losing a concurrent change; do nothing if it is right already.

        Args:
            key: The object.
            content: Returns the new content for the existing one, or for None if there is none. Called again if
                somebody else has changed the object in the meantime.
        """
        for _ in range(_MOST_CHANGES):
            existing, etag = self._get(key)
            new = content(existing).encode("utf-8")
            if new == existing:
                return
            condition: dict[str, Any] = {"IfNoneMatch": "*"} if existing is None else {"IfMatch": etag}
            try:
                aws.s3().put_object(Bucket=self.bucket, Key=key, Body=new, ContentType="application/json", **condition)
            except ClientError as error:
                if aws.code_of(error) not in _OUTRUN:
                    raise
            else:
                return
        raise ModelError(f"{self.address(key)} is changed by others all the time: deploy again")

    def create(self, key: str, content: str) -> None:
        """Write a JSON document unless the object exists: an existing one stays as it is."""
        try:
            aws.s3().put_object(
                Bucket=self.bucket,
                Key=key,
                Body=content.encode("utf-8"),
                ContentType="application/json",
                IfNoneMatch="*",
            )
        except ClientError as error:
            if aws.code_of(error) not in _OUTRUN:
                raise


def delete_if_empty(bucket: str) -> None:
    """Delete a bucket without objects and old versions; S3 refuses to delete any other.

    A remaining bucket is only logged, because a deletion or rollback must not fail.
    """
    try:
        aws.patiently(lambda: aws.s3().delete_bucket(Bucket=bucket), _may_be_deleted_later)
        print(f"the bucket {bucket} was empty and is deleted")
    except (ClientError, *aws.NO_ANSWER) as error:
        print(f"the bucket {bucket} stays: {aws.words_of(error)}")


def _may_be_deleted_later(error: Exception) -> bool:
    # CloudFormation may be deleting the bucket's policy at the same time.
    return aws.is_transient(error) or (isinstance(error, ClientError) and aws.code_of(error) == "OperationAborted")
