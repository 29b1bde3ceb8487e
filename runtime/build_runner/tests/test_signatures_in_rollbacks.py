"""A rollback returns to what was verified when it was deployed; an update does not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from conftest import answer_status
from index import on_event
from model_builds.errors import ModelError
from published_models import BUCKET, build_event, compatibility_properties, publish
from signed_models import SIGNATURE, deployment, replace_layer, signed

if TYPE_CHECKING:
    from botocore.stub import Stubber
    from kms_keys import Kms
    from mypy_boto3_s3 import S3Client


def update(event: dict[str, Any]) -> dict[str, Any]:
    return event | {"RequestType": "Update", "PhysicalResourceId": "id"}


def back_to(record: dict[str, str], key: str, **changes: str) -> dict[str, Any]:
    """Return the event with which a rollback returns an endpoint to a version."""
    return update(build_event() | {"ResourceProperties": compatibility_properties(record, SigningKey=key, **changes)})


def named(record: dict[str, str]) -> str:
    version = {"bucket": BUCKET, "manifestKey": record["ManifestKey"], "manifestSha256": record["ManifestSha256"]}
    return json.dumps([version])


def test_a_rollback_returns_to_a_named_version_whatever_happened_to_its_signature(
    s3: S3Client, key: str, cloudformation: Stubber
) -> None:
    record = signed(s3, key)
    s3.delete_object(Bucket=BUCKET, Key=SIGNATURE)

    for event in (back_to(record, key), update(deployment(key, Serve=named(record)))):
        answer_status(cloudformation, "UPDATE_ROLLBACK_IN_PROGRESS")
        assert on_event(event, None)["Data"]["ManifestSha256"] == record["ManifestSha256"]


def test_a_rollback_needs_the_signature_where_nothing_names_the_version(s3: S3Client, key: str) -> None:
    record = signed(s3, key)
    s3.delete_object(Bucket=BUCKET, Key=SIGNATURE)
    pointer = json.dumps({"manifestKey": record["ManifestKey"], "manifestSha256": record["ManifestSha256"]})
    pointed = back_to(record, key, Pointer=pointer)
    del pointed["ResourceProperties"]["ManifestSha256"]

    for event in (update(deployment(key)), back_to(record, key, ManifestSha256=""), pointed):
        with pytest.raises(ModelError, match="has no signature"):
            on_event(event, None)


def test_a_rollback_refuses_a_record_that_a_job_has_added_since(s3: S3Client, key: str) -> None:
    publish(s3, 2)
    on_event(deployment(key, UnsignedVersions="SIGN"), None)
    publish(s3, 1, sizeBytes=1)  # the lowest version of a build key is the one that is used

    with pytest.raises(ModelError, match=r"litert/1/manifest\.json has no signature"):
        on_event(update(deployment(key)), None)


@pytest.mark.fault
def test_a_rollback_returns_to_what_served_if_the_key_is_gone(
    s3: S3Client, kms: Kms, key: str, cloudformation: Stubber
) -> None:
    record = signed(s3, key)
    kms.delete(key)

    for event in (back_to(record, key), update(deployment(key))):
        answer_status(cloudformation, "UPDATE_ROLLBACK_IN_PROGRESS")
        assert on_event(event, None)["Data"]["ManifestSha256"] == record["ManifestSha256"]
        answer_status(cloudformation, "UPDATE_IN_PROGRESS")
        with pytest.raises(ModelError, match="cannot be used"):
            on_event(event, None)


def test_a_rollback_verifies_the_layer_without_the_signature_too(
    s3: S3Client, key: str, cloudformation: Stubber
) -> None:
    record = signed(s3, key)
    s3.delete_object(Bucket=BUCKET, Key=SIGNATURE)
    replace_layer(s3, record)
    answer_status(cloudformation, "UPDATE_ROLLBACK_IN_PROGRESS")

    with pytest.raises(ModelError, match=r"layer\.zip has the SHA-256"):
        on_event(back_to(record, key), None)


def test_an_update_is_no_rollback(s3: S3Client, key: str, cloudformation: Stubber) -> None:
    record = signed(s3, key)
    s3.delete_object(Bucket=BUCKET, Key=SIGNATURE)

    for event in (back_to(record, key), update(deployment(key, Serve=named(record)))):
        answer_status(cloudformation, "UPDATE_IN_PROGRESS")
        with pytest.raises(ModelError, match="has no signature"):
            on_event(event, None)
        cloudformation.add_client_error("describe_stacks", "ValidationError")
        with pytest.raises(ModelError, match="has no signature"):
            on_event(event, None)
