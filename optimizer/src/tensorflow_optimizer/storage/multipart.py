"""Creates objects that are too large for one request."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from .digests import to_base64
from .storage_errors import StorageError

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

#: 10,000 parts of this size make 640 GB.
PART_SIZE = 64 << 20


def create_in_parts(  # noqa: PLR0913 - a request with its parameters
    client: S3Client, bucket: str, key: str, path: Path, *, content_type: str, sha256: str, part_size: int = PART_SIZE
) -> str | None:
    """Upload a file in parts if the key is free, and return the object's version.

    Nothing is created of a file that no longer has the given SHA-256, which S3 itself compares for smaller ones.

    The condition is checked when the upload completes. Parts of a failed upload are deleted, because they would be
    billed.
    """
    target: dict[str, Any] = {"Bucket": bucket, "Key": key}
    upload = client.create_multipart_upload(
        **target, ContentType=content_type, ChecksumAlgorithm="SHA256", ChecksumType="COMPOSITE"
    )["UploadId"]
    try:
        parts: list[Any] = []
        whole = hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(part_size):
                whole.update(block)
                checksum = to_base64(hashlib.sha256(block).hexdigest())
                part = client.upload_part(
                    **target, UploadId=upload, PartNumber=len(parts) + 1, Body=block, ChecksumSHA256=checksum
                )
                parts.append({"PartNumber": len(parts) + 1, "ETag": part["ETag"], "ChecksumSHA256": checksum})
        if whole.hexdigest() != sha256:
            raise StorageError(f"{path} changed while it was uploaded to s3://{bucket}/{key}: run the job again")
        done = client.complete_multipart_upload(
            **target, UploadId=upload, MultipartUpload={"Parts": parts}, IfNoneMatch="*"
        )
    except BaseException as error:
        try:
            client.abort_multipart_upload(**target, UploadId=upload)
        except Exception as second:
            error.add_note(f"the parts of upload {upload} were not removed: {second}")
        raise
    return done.get("VersionId")
