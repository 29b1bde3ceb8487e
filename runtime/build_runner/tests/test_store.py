"""Documents that several deployments write at the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from model_builds import aws
from model_builds.errors import ModelError
from model_builds.store import Store
from published_models import BUCKET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client


def outrun(monkeypatch: pytest.MonkeyPatch, contents: Iterator[bytes]) -> None:
    """Let somebody else write the object just before each write, as long as there are contents."""
    put = aws.s3().put_object

    def put_object(**request: Any) -> Any:
        for content in contents:
            put(Bucket=BUCKET, Key=request["Key"], Body=content)
            break
        return put(**request)

    monkeypatch.setattr(aws.s3(), "put_object", put_object)


def versions(s3: S3Client) -> list[bytes]:
    """Return the contents of the document, the newest first."""
    found = s3.list_object_versions(Bucket=BUCKET, Prefix="document")["Versions"]
    return [
        s3.get_object(Bucket=BUCKET, Key="document", VersionId=entry["VersionId"])["Body"].read() for entry in found
    ]


@pytest.mark.parametrize("before", [[], [b"old"]], ids=["a new document", "an existing one"])
def test_content_that_somebody_else_has_just_written_is_not_written_again(
    s3: S3Client, monkeypatch: pytest.MonkeyPatch, before: list[bytes]
) -> None:
    for content in before:
        s3.put_object(Bucket=BUCKET, Key="document", Body=content)
    outrun(monkeypatch, iter([b"new"]))

    Store(BUCKET).write("document", lambda _: "new")

    assert versions(s3) == [b"new", *before]


def test_a_change_is_made_to_what_somebody_else_has_just_written(s3: S3Client, monkeypatch: pytest.MonkeyPatch) -> None:
    outrun(monkeypatch, iter([b"a", b"b"]))

    Store(BUCKET).write("document", lambda existing: f"{(existing or b'').decode()}+mine")

    assert versions(s3) == [b"b+mine", b"b", b"a"]


@pytest.mark.fault
def test_a_document_that_others_keep_changing_ends_in_a_sentence(s3: S3Client, monkeypatch: pytest.MonkeyPatch) -> None:
    outrun(monkeypatch, (str(number).encode() for number in range(100)))

    with pytest.raises(ModelError, match="s3://models/document is changed by others all the time: deploy again"):
        Store(BUCKET).write("document", lambda _: "mine")

    assert b"mine" not in versions(s3)
