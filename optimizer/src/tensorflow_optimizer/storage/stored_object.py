"""S3's description of an object, and the verification of a download."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from .digests import to_base64
from .storage_errors import StorageError

_CHUNK = 1 << 20


@dataclass(frozen=True)
class StoredObject:
    """An object in S3."""

    key: str
    size: int
    etag: str
    version: str | None = None
    """Version of the object; None where the bucket keeps no versions."""
    checksum: str | None = None
    """S3's own SHA-256, in base64; `…-<parts>` for an upload in parts."""
    sha256: str | None = None
    """Hexadecimal, computed here while reading or writing."""
    checks: list[str] = field(default_factory=list)
    """The checksum that a download was compared with."""


def verify(key: str, answer: dict[str, Any], file: BinaryIO, where: str) -> StoredObject:
    """Verify a downloaded file against S3's description.

    Args:
        key: The object's key.
        answer: S3's response to GetObject for the whole object.
        file: The downloaded file, positioned at its beginning.
        where: The object's address, for the error.
    """
    sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    while block := file.read(_CHUNK):
        sha256.update(block)
        md5.update(block)
        size += len(block)
    digest, etag = sha256.hexdigest(), answer["ETag"].strip('"')
    checks = ["size"]
    if size != answer["ContentLength"]:
        raise StorageError(f"{where} has {answer['ContentLength']} bytes, but {size} arrived", transient=True)
    checksum = answer.get("ChecksumSHA256")
    if checksum and "-" not in checksum and answer.get("ChecksumType") != "COMPOSITE":
        checks.append("SHA-256")
        if checksum != to_base64(digest):
            raise StorageError(f"{where} does not match the SHA-256 that S3 keeps of it", transient=True)
    # With a KMS key or the user's own key, or after a multipart upload, the ETag is not a digest of the content.
    plain = answer.get("ServerSideEncryption", "AES256") == "AES256" and not answer.get("SSECustomerAlgorithm")
    if plain and len(etag) == 32:
        checks.append("MD5")
        if etag != md5.hexdigest():
            raise StorageError(f"{where} does not match its ETag", transient=True)
    return StoredObject(
        key=key,
        size=size,
        etag=answer["ETag"],
        version=answer.get("VersionId"),
        checksum=checksum,
        sha256=digest,
        checks=checks,
    )
