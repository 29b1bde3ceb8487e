"""The only module that calls S3."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import random
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    FlexibleChecksumError,
    NoCredentialsError,
    NoRegionError,
)

from ..sources.digest import file_digest
from .digests import composite_base64, to_base64
from .multipart import PART_SIZE, create_in_parts
from .storage_errors import ObjectExistsError, StorageError, explain
from .stored_object import StoredObject, verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client

#: S3 accepts 5 GB per request; larger objects are uploaded in parts.
SINGLE_REQUEST_LIMIT = 4 << 30
_READ_ATTEMPTS = 5
_CONFLICT_ATTEMPTS = 8
#: Documents read into memory are small; a larger object is not ours.
_DOCUMENT_LIMIT = 16 << 20
_CHUNK = 1 << 20


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def connect() -> S3Client:
    """Return a client with retries, and with path-style addresses for an endpoint on this machine."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    settings = Config(
        retries={"mode": "standard", "total_max_attempts": 8},
        connect_timeout=10,
        read_timeout=120,
        s3={"addressing_style": "path" if _is_loopback(endpoint) else "auto"},
        user_agent_extra="cdk-tensorflow",
    )
    try:
        return boto3.client("s3", config=settings)
    except NoRegionError as error:
        raise StorageError("no AWS Region is set: set AWS_REGION to the Region of the bucket") from error
    except (BotoCoreError, ValueError) as error:
        raise StorageError(f"cannot reach S3: {error}") from error


class Bucket:
    """One bucket. Reads are verified; writes create objects and never replace them."""

    def __init__(
        self,
        name: str,
        client: S3Client | None = None,
        *,
        single_request_limit: int = SINGLE_REQUEST_LIMIT,
        part_size: int = PART_SIZE,
    ) -> None:
        self.name = name
        self._client = client or connect()
        self._single_limit = single_request_limit
        self._part_size = part_size

    def address(self, key: str, version: str | None = None) -> str:
        """Return the object's S3 URI."""
        return f"s3://{self.name}/{key}" + (f" (version {version})" if version else "")

    def list_objects(self, prefix: str) -> list[StoredObject]:
        """Return all objects whose key starts with `prefix`, or fail; never only a part."""
        objects: list[StoredObject] = []
        with self._explained("list", self.address(prefix)):
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix):
                objects += [
                    StoredObject(key=item["Key"], size=item["Size"], etag=item["ETag"])
                    for item in page.get("Contents", [])
                ]
        return objects

    def head(self, key: str, version: str | None = None) -> StoredObject | None:
        """Return an object's metadata, or that of one version of it; None if it does not exist."""
        request: dict[str, Any] = {"Bucket": self.name, "Key": key, **({"VersionId": version} if version else {})}
        try:
            with self._explained("read", self.address(key, version)):
                answer = self._client.head_object(ChecksumMode="ENABLED", **request)
        except StorageError as error:
            if error.missing:
                return None
            raise
        return StoredObject(
            key=key,
            size=answer["ContentLength"],
            etag=answer["ETag"],
            version=answer.get("VersionId"),
            checksum=answer.get("ChecksumSHA256"),
        )

    def read(self, key: str, limit: int = _DOCUMENT_LIMIT) -> bytes:
        """Return the content of an object that fits into memory.

        Args:
            key: The object's key.
            limit: The largest size, in bytes.
        """
        with self._explained("read", self.address(key)):
            answer = self._client.get_object(Bucket=self.name, Key=key)
            if answer["ContentLength"] > limit:
                raise StorageError(
                    f"{self.address(key)} has {answer['ContentLength']} bytes, more than the {limit} of any object of "
                    "ours: remove it, if it is not yours"
                )
            return answer["Body"].read()

    def download(self, key: str, target: Path, *, version: str | None = None, etag: str | None = None) -> StoredObject:
        """Download one object to a file.

        Resumes a broken connection on the same content. Verifies the size and, if available, the checksum and the ETag
        (an MD5 for a single-request upload without a KMS key).

        Args:
            key: The object's key.
            target: The file to write.
            version: The version to read; the current one if absent.
            etag: The expected ETag from a listing.
        """
        where = self.address(key, version)
        request: dict[str, Any] = {"Bucket": self.name, "Key": key}
        if version:
            request["VersionId"] = version
        if etag:
            request["IfMatch"] = etag
        with target.open("wb+") as file:
            answer = self._stream(request, file, where)
            file.seek(0)
            return verify(key, answer, file, where)

    def _stream(self, request: dict[str, Any], file: BinaryIO, where: str) -> dict[str, Any]:
        """Copy an object to a file and return the metadata of the first response."""
        first: dict[str, Any] | None = None
        for attempt in range(1, _READ_ATTEMPTS + 1):
            offset = file.tell()
            ranged = {**request, "Range": f"bytes={offset}-"} if offset else request
            with self._explained("read", where):
                answer: dict[str, Any] = dict(self._client.get_object(**ranged))
            if first is None:
                first = answer
                request = {**request, "IfMatch": answer["ETag"]}
            try:
                file.writelines(answer["Body"].iter_chunks(_CHUNK))
            except FlexibleChecksumError:
                file.seek(0)
                file.truncate()
                broken = "its content does not match its checksum"
            except BotoCoreError as error:
                broken = f"the connection broke after {file.tell()} bytes ({error})"
            else:
                return first
            time.sleep(random.uniform(0, 0.1 * 2**attempt))  # noqa: S311 - spreads retries, protects nothing
        raise StorageError(f"cannot read {where}: {broken}, for the {_READ_ATTEMPTS}th time", transient=True)

    def create(self, key: str, content: bytes | Path, content_type: str = "application/octet-stream") -> StoredObject:
        """Create an object.

        The write is conditional: it never replaces. An object with exactly this content, left by an earlier attempt,
        counts as written; any other is an error.
        """
        where = self.address(key)
        if isinstance(content, Path):
            size, digest = content.stat().st_size, file_digest(content)
        else:
            size, digest = len(content), hashlib.sha256(content).hexdigest()
        for _ in range(_CONFLICT_ATTEMPTS):
            try:
                with self._explained("write", where):
                    if isinstance(content, Path) and size > self._single_limit:
                        expected = composite_base64(content, self._part_size)
                        version = create_in_parts(
                            self._client,
                            self.name,
                            key,
                            content,
                            content_type=content_type,
                            sha256=digest,
                            part_size=self._part_size,
                        )
                    else:
                        expected = to_base64(digest)
                        version = self._put(key, content, content_type, expected)
            except _ConflictError:
                time.sleep(random.uniform(0.05, 0.5))  # noqa: S311 - spreads retries, protects nothing
            except _TakenError:
                there = self.head(key)
                if there is None or there.size != size or there.checksum != expected:
                    raise ObjectExistsError(
                        f"{where} exists with other content, and nothing published is ever replaced: "
                        "publish under another build id or model prefix, or remove the object if it is not yours"
                    ) from None
                return replace(there, sha256=digest)
            else:
                return StoredObject(key=key, size=size, etag="", version=version, checksum=expected, sha256=digest)
        raise StorageError(f"cannot write {where}: another writer was at it every time", transient=True)

    def _put(self, key: str, content: bytes | Path, content_type: str, checksum: str) -> str | None:
        request: dict[str, Any] = {
            "Bucket": self.name,
            "Key": key,
            "ContentType": content_type,
            "IfNoneMatch": "*",
            "ChecksumAlgorithm": "SHA256",
            "ChecksumSHA256": checksum,
        }
        if isinstance(content, bytes):
            return self._client.put_object(Body=content, **request).get("VersionId")
        with content.open("rb") as body:
            return self._client.put_object(Body=body, **request).get("VersionId")

    @contextmanager
    def _explained(self, action: str, where: str) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            details = error.response.get("Error", {})
            code, message = str(details.get("Code", "")), str(details.get("Message", ""))
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            if action == "write" and status == 412:
                raise _TakenError from error
            if action == "write" and code == "ConditionalRequestConflict":
                raise _ConflictError from error
            if action == "read" and status == 412:
                raise StorageError(f"{where} changed while it was being read: start again", transient=True) from error
            if status == 416:
                raise StorageError(f"{where} is shorter than S3 said: start again", transient=True) from error
            raise explain(action, where, code, message) from error
        except NoCredentialsError as error:
            raise StorageError(f"cannot {action} {where}: no AWS credentials were found") from error
        except BotoCoreError as error:
            raise StorageError(f"cannot {action} {where}: {error}", transient=True) from error


class _TakenError(Exception):
    """An object exists under the key."""


class _ConflictError(Exception):
    """Another write to the key is in progress; a retry shows the result."""
