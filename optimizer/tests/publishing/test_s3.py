"""The conversation with S3: conditional, checked, and patient where patience helps."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import botocore.client
import pytest
from botocore.exceptions import ClientError
from tensorflow_optimizer.storage.digests import composite_base64, to_base64
from tensorflow_optimizer.storage.s3 import Bucket
from tensorflow_optimizer.storage.storage_errors import ObjectExistsError, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

PART = 5 << 20


def test_an_object_of_our_own_counts_as_written_and_another_does_not(s3: S3Client) -> None:
    bucket = Bucket("models", s3)
    first = bucket.create("k", b"content")

    again = bucket.create("k", b"content")

    assert (again.version, again.sha256) == (first.version, hashlib.sha256(b"content").hexdigest())
    with pytest.raises(ObjectExistsError, match="exists with other content"):
        bucket.create("k", b"contenu")
    assert s3.get_object(Bucket="models", Key="k")["Body"].read() == b"content"


def test_every_write_carries_its_condition_and_its_checksum(s3: S3Client) -> None:
    sent: list[dict[str, str]] = []
    s3.meta.events.register("before-send.s3.PutObject", lambda request, **_: sent.append(dict(request.headers)))

    Bucket("models", s3).create("k", b"content", "text/plain")

    headers = {name.lower(): value for name, value in sent[0].items()}
    text = {name: value.decode() if isinstance(value, bytes) else value for name, value in headers.items()}
    assert text["if-none-match"] == "*"
    assert text["x-amz-checksum-sha256"] == to_base64(hashlib.sha256(b"content").hexdigest())
    assert text["content-type"] == "text/plain"


@pytest.mark.fault
def test_a_conflict_is_tried_again(s3: S3Client, monkeypatch: pytest.MonkeyPatch) -> None:
    genuine, conflicts = botocore.client.BaseClient._make_api_call, []

    def answer(client: Any, name: str, arguments: Any) -> Any:
        if name == "PutObject" and len(conflicts) < 2:
            conflicts.append(name)
            details: Any = {
                "Error": {"Code": "ConditionalRequestConflict", "Message": ""},
                "ResponseMetadata": {"HTTPStatusCode": 409},
            }
            raise ClientError(details, name)
        return genuine(client, name, arguments)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", answer)

    assert Bucket("models", s3).create("k", b"content").version
    assert len(conflicts) == 2


@pytest.mark.fault
def test_a_large_file_goes_in_parts_under_the_same_condition(s3: S3Client, tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(bytes(range(256)) * (2 * PART // 256) + b"rest")
    bucket = Bucket("models", s3, single_request_limit=PART, part_size=PART)

    stored = bucket.create("k", large)

    assert stored.version == s3.head_object(Bucket="models", Key="k")["VersionId"]
    assert stored.sha256 == hashlib.sha256(large.read_bytes()).hexdigest()
    assert s3.get_object(Bucket="models", Key="k")["Body"].read() == large.read_bytes()
    assert s3.head_object(Bucket="models", Key="k", PartNumber=1)["PartsCount"] == 3

    large.write_bytes(b"other" * (PART // 4))
    with pytest.raises(ObjectExistsError):
        bucket.create("k", large)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="models"), "the parts of the refused upload are removed"


def test_the_checksum_of_parts_is_the_one_that_s3_documents(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"a" * 10 + b"b" * 10 + b"c")
    parts = [hashlib.sha256(part).digest() for part in (b"a" * 10, b"b" * 10, b"c")]

    assert composite_base64(path, 10) == to_base64(hashlib.sha256(b"".join(parts)).hexdigest()) + "-3"


CONTENT = bytes(range(256)) * 4096


class FlakyStorage(BaseHTTPRequestHandler):
    """Serves one object, and hangs up in the middle as often as it is told to."""

    hang_ups = 0
    content = CONTENT
    requests: list[dict[str, str]]

    def do_GET(self) -> None:
        cls = type(self)
        cls.requests.append(dict(self.headers))
        start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").rstrip("-"))
        etag = f'"{hashlib.md5(cls.content, usedforsecurity=False).hexdigest()}"'
        if self.headers.get("If-Match", etag) != etag:
            self.send_response(412)
            self.end_headers()
            return
        rest = cls.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(rest)))
        self.send_header("ETag", etag)
        self.end_headers()
        if len(cls.requests) <= cls.hang_ups:
            self.wfile.write(rest[: len(rest) // 2])
            cls.interrupted()
            self.close_connection = True
        else:
            self.wfile.write(rest)

    @classmethod
    def interrupted(cls) -> None:
        """Do what happens between two requests."""

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def flaky(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[FlakyStorage]]:
    class Storage(FlakyStorage):
        requests: list[dict[str, str]] = []  # noqa: RUF012 - each test has a class of its own

    server = ThreadingHTTPServer(("127.0.0.1", 0), Storage)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "eu-west-1" if "REGION" in name else "test")
    yield Storage
    server.shutdown()
    server.server_close()


@pytest.mark.fault
def test_a_broken_download_resumes_where_it_broke(flaky: type[FlakyStorage], tmp_path: Path) -> None:
    flaky.hang_ups = 2

    stored = Bucket("inputs").download("m.zip", tmp_path / "m.zip")

    assert (tmp_path / "m.zip").read_bytes() == CONTENT
    assert stored.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert stored.checks == ["size", "MD5"]
    assert [request.get("Range") for request in flaky.requests] == [
        None,
        f"bytes={len(CONTENT) // 2}-",
        f"bytes={len(CONTENT) * 3 // 4}-",
    ]


@pytest.mark.fault
def test_a_download_that_never_ends_is_abandoned(
    flaky: type[FlakyStorage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    flaky.hang_ups = 99

    with pytest.raises(StorageError, match="the connection broke") as raised:
        Bucket("inputs").download("m.zip", tmp_path / "m.zip")
    assert raised.value.transient


@pytest.mark.fault
def test_an_object_that_changes_while_it_is_read_is_not_mixed(
    flaky: type[FlakyStorage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flaky.hang_ups = 1
    monkeypatch.setattr(flaky, "interrupted", classmethod(lambda cls: setattr(cls, "content", CONTENT[::-1])))

    with pytest.raises(StorageError, match="changed while it was being read"):
        Bucket("inputs").download("m.zip", tmp_path / "m.zip")
