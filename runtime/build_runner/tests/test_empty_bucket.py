"""The stack's bucket goes with the stack where it is empty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.stub import Stubber
from index import is_complete, on_event
from model_builds import aws
from published_models import BUCKET, build_event, publish

if TYPE_CHECKING:
    from conftest import Clock
    from mypy_boto3_s3 import S3Client


def bucket_event(request_type: str) -> dict[str, Any]:
    properties = {"Mode": "bucket", "Bucket": BUCKET}
    return build_event(request_type=request_type, PhysicalResourceId="id") | {"ResourceProperties": properties}


def bucket_names(s3: S3Client) -> list[str]:
    return [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]


def test_an_empty_bucket_is_deleted_with_its_resource(s3: S3Client) -> None:
    assert on_event(bucket_event("Delete"), None) == {"PhysicalResourceId": "id"}

    assert bucket_names(s3) == []


def test_a_bucket_with_a_model_stays(s3: S3Client) -> None:
    record = publish(s3)

    assert on_event(bucket_event("Delete"), None) == {"PhysicalResourceId": "id"}

    assert s3.head_object(Bucket=BUCKET, Key=record["ManifestKey"])["ContentLength"] > 0


def test_a_bucket_whose_objects_are_deleted_but_keeps_their_versions_stays(s3: S3Client) -> None:
    s3.put_object(Bucket=BUCKET, Key="a", Body=b"a")
    s3.delete_object(Bucket=BUCKET, Key="a")

    on_event(bucket_event("Delete"), None)

    assert bucket_names(s3) == [BUCKET]


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_nothing_else_deletes_it(s3: S3Client, request_type: str) -> None:
    answer = on_event(bucket_event(request_type), None)

    assert is_complete(bucket_event(request_type) | answer, None) == {"IsComplete": True}
    assert bucket_names(s3) == [BUCKET]


def test_a_bucket_whose_policy_is_being_deleted_is_retried(clock: Clock) -> None:
    with Stubber(aws.s3()) as stubber:
        stubber.add_client_error("delete_bucket", "OperationAborted", "A conflicting operation is in progress")
        stubber.add_response("delete_bucket", {}, {"Bucket": BUCKET})

        on_event(bucket_event("Delete"), None)

        stubber.assert_no_pending_responses()
    assert clock.slept == [5]


@pytest.mark.fault
@pytest.mark.parametrize("code", ["NoSuchBucket", "AccessDenied"])
def test_a_bucket_that_cannot_be_deleted_does_not_end_the_deletion(clock: Clock, code: str) -> None:
    with Stubber(aws.s3()) as stubber:
        stubber.add_client_error("delete_bucket", code, "no")

        assert on_event(bucket_event("Delete"), None) == {"PhysicalResourceId": "id"}
