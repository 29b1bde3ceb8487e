"""S3: what the optimizer's publishing and the build runner rely on."""

from __future__ import annotations

import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from support import unique

if TYPE_CHECKING:
    from running import Running


def bucket(aws: Running, *, versioned: bool = True) -> str:
    s3 = aws.client("s3")
    name = unique("bucket")
    s3.create_bucket(Bucket=name)
    if versioned:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


@pytest.mark.parametrize("versioned", [True, False])
def test_a_conditional_write_succeeds_once(aws: Running, *, versioned: bool) -> None:
    s3, name = aws.client("s3"), bucket(aws, versioned=versioned)
    s3.put_object(Bucket=name, Key="k", Body=b"first", IfNoneMatch="*")
    with pytest.raises(ClientError) as refused:
        s3.put_object(Bucket=name, Key="k", Body=b"second", IfNoneMatch="*")
    assert refused.value.response["Error"]["Code"] == "PreconditionFailed"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    assert s3.get_object(Bucket=name, Key="k")["Body"].read() == b"first"


def test_of_many_conditional_writes_at_once_exactly_one_succeeds(aws: Running) -> None:
    name = bucket(aws)

    def write(number: int) -> bool:
        try:
            aws.client("s3").put_object(Bucket=name, Key="k", Body=str(number).encode() * 100_000, IfNoneMatch="*")
        except ClientError:
            return False
        return True

    with ThreadPoolExecutor(12) as threads:
        assert sum(threads.map(write, range(12))) == 1
    assert len(aws.client("s3").list_object_versions(Bucket=name)["Versions"]) == 1


def test_a_deleted_object_may_be_written_again(aws: Running) -> None:
    s3, name = aws.client("s3"), bucket(aws)
    s3.put_object(Bucket=name, Key="k", Body=b"first", IfNoneMatch="*")
    s3.delete_object(Bucket=name, Key="k")
    s3.put_object(Bucket=name, Key="k", Body=b"second", IfNoneMatch="*")
    assert s3.get_object(Bucket=name, Key="k")["Body"].read() == b"second"


def test_a_conditional_multipart_upload_is_refused_at_its_end(aws: Running) -> None:
    s3, name = aws.client("s3"), bucket(aws)
    upload = s3.create_multipart_upload(Bucket=name, Key="k")["UploadId"]
    part = s3.upload_part(Bucket=name, Key="k", UploadId=upload, PartNumber=1, Body=b"x" * 5_000_000)
    s3.put_object(Bucket=name, Key="k", Body=b"first")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.complete_multipart_upload(Bucket=name, Key="k", UploadId=upload, MultipartUpload=parts, IfNoneMatch="*")
    assert s3.get_object(Bucket=name, Key="k")["Body"].read() == b"first"


def test_a_checksum_is_verified_kept_and_returned(aws: Running) -> None:
    s3, name = aws.client("s3"), bucket(aws)
    digest = base64.b64encode(hashlib.sha256(b"data").digest()).decode()
    s3.put_object(Bucket=name, Key="k", Body=b"data", ChecksumSHA256=digest)
    assert s3.head_object(Bucket=name, Key="k", ChecksumMode="ENABLED")["ChecksumSHA256"] == digest
    with pytest.raises(ClientError, match="BadDigest"):
        s3.put_object(Bucket=name, Key="k", Body=b"other", ChecksumSHA256=digest)


def test_every_version_stays_readable_and_a_bucket_can_be_emptied(aws: Running) -> None:
    s3, name = aws.client("s3"), bucket(aws)
    first = s3.put_object(Bucket=name, Key="k", Body=b"1")["VersionId"]
    second = s3.put_object(Bucket=name, Key="k", Body=b"2")["VersionId"]
    assert first != second
    assert s3.get_object(Bucket=name, Key="k", VersionId=first)["Body"].read() == b"1"
    versions = [{"Key": "k", "VersionId": version} for version in (first, second)]
    s3.delete_objects(Bucket=name, Delete={"Objects": versions})
    assert "Versions" not in s3.list_object_versions(Bucket=name)
    s3.delete_bucket(Bucket=name)


@pytest.mark.parametrize("method", ["list_objects", "list_objects_v2"])
def test_a_list_of_no_keys_is_complete_as_mountpoint_expects(aws: Running, method: str) -> None:
    s3, name = aws.client("s3"), bucket(aws)
    s3.put_object(Bucket=name, Key="k", Body=b"content")

    listed = getattr(s3, method)(Bucket=name, MaxKeys=0)

    assert not listed["IsTruncated"]
    assert "Contents" not in listed
    assert [found["Key"] for found in getattr(s3, method)(Bucket=name, MaxKeys=1)["Contents"]] == ["k"]


def test_a_lifecycle_configuration_is_kept(aws: Running) -> None:
    s3, name = aws.client("s3"), bucket(aws)
    rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "x/"}, "Expiration": {"Days": 3}}
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [rule]})
    assert s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"][0]["Expiration"] == {"Days": 3}
