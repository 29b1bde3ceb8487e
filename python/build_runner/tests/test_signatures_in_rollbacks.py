"""A rollback returns to what was verified when it was deployed; an update does not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.stub import Stubber
from index import on_event
from model_builds import aws
from model_builds.errors import ModelError
from published_models import BUCKET, build_event, compatibility_properties
from signed_models import SIGNATURE, deployment, signed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client


@pytest.fixture
def cloudformation() -> Iterator[Stubber]:
    with Stubber(aws.cloudformation()) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def answer_status(cloudformation: Stubber, status: str) -> None:
    stack = {"StackName": "App", "CreationTime": datetime(2026, 11, 26, tzinfo=UTC), "StackStatus": status}
    cloudformation.add_response("describe_stacks", {"Stacks": [stack]})


def back_to(record: dict[str, str], key: str) -> list[dict[str, Any]]:
    """Return the events with which a rollback returns to a version: of its build, and of the endpoint's check."""
    check = build_event(request_type="Update", PhysicalResourceId="id")
    check["ResourceProperties"] = compatibility_properties(record, SigningKey=key)
    return [deployment(key) | {"RequestType": "Update", "PhysicalResourceId": "id"}, check]


def test_a_rollback_returns_to_what_served_whatever_happened_to_its_signature(
    s3: S3Client, key: str, cloudformation: Stubber
) -> None:
    record = signed(s3, key)
    s3.delete_object(Bucket=BUCKET, Key=SIGNATURE)

    for event in back_to(record, key):
        answer_status(cloudformation, "UPDATE_ROLLBACK_IN_PROGRESS")
        assert on_event(event, None)["Data"]["ManifestSha256"] == record["ManifestSha256"]


def test_an_update_is_no_rollback(s3: S3Client, key: str, cloudformation: Stubber) -> None:
    record = signed(s3, key)
    s3.delete_object(Bucket=BUCKET, Key=SIGNATURE)

    for event in back_to(record, key):
        answer_status(cloudformation, "UPDATE_IN_PROGRESS")
        with pytest.raises(ModelError, match="has no signature"):
            on_event(event, None)
        cloudformation.add_client_error("describe_stacks", "ValidationError")
        with pytest.raises(ModelError, match="has no signature"):
            on_event(event, None)
