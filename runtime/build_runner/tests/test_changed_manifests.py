"""A changed manifest of the version that serves fails the next deployment, and not its rollback."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from conftest import answer_status
from index import on_event
from model_builds.errors import ModelError
from published_models import BUCKET, build_event, compatibility_properties, offer, publish
from signed_models import deployment, signed

if TYPE_CHECKING:
    from botocore.stub import Stubber
    from mypy_boto3_s3 import S3Client

LARGER = offer(memoryMebibytes=2048)


def harm(s3: S3Client, record: dict[str, str], harm: str) -> None:
    place = {"Bucket": BUCKET, "Key": record["ManifestKey"]}
    if harm == "deleted":
        s3.delete_object(**place)
    else:
        content = s3.get_object(**place)["Body"].read()
        s3.put_object(**place, Body=content.replace(b"digits", b"digitz", 1))


def update(record: dict[str, str], offered: dict[str, Any], before: dict[str, Any], **changes: str) -> dict[str, Any]:
    return build_event(request_type="Update", PhysicalResourceId="id") | {
        "ResourceProperties": compatibility_properties(record, offered, **changes),
        "OldResourceProperties": compatibility_properties(record, before, **changes),
    }


@pytest.mark.fault
@pytest.mark.parametrize("how", ["changed", "deleted"])
def test_one_deployment_fails_and_its_rollback_succeeds(s3: S3Client, cloudformation: Stubber, how: str) -> None:
    record = publish(s3)
    served = on_event(update(record, offer(), offer()), None)["Data"]
    harm(s3, record, how)

    answer_status(cloudformation, "UPDATE_IN_PROGRESS")
    with pytest.raises(ModelError, match="there is no manifest" if how == "deleted" else "was asked for: it is not"):
        on_event(update(record, LARGER, offer()), None)

    answer_status(cloudformation, "UPDATE_ROLLBACK_IN_PROGRESS")
    assert on_event(update(record, offer(), LARGER), None)["Data"] == served


def test_a_rollback_to_a_signed_version_verifies_the_manifest_as_it_was(
    s3: S3Client, key: str, cloudformation: Stubber
) -> None:
    record = signed(s3, key)
    harm(s3, record, "changed")
    version = {"bucket": BUCKET, "manifestKey": record["ManifestKey"], "manifestSha256": record["ManifestSha256"]}
    named = json.dumps([version])
    delivered = deployment(key, Serve=named) | {"RequestType": "Update", "PhysicalResourceId": "id"}

    for event, reads in ((update(record, offer(), LARGER, SigningKey=key), 1), (delivered, 2)):
        for _ in range(reads):
            answer_status(cloudformation, "UPDATE_ROLLBACK_IN_PROGRESS")
        assert on_event(event, None)["Data"]["ManifestSha256"] == record["ManifestSha256"]


def test_a_manifest_that_the_bucket_never_had_fails_the_rollback_too(s3: S3Client, cloudformation: Stubber) -> None:
    record = publish(s3) | {"ManifestSha256": "0" * 64}
    answer_status(cloudformation, "UPDATE_ROLLBACK_IN_PROGRESS")

    with pytest.raises(ModelError, match="it is not the model that was meant; restore its earlier object version"):
        on_event(update(record, offer(), LARGER), None)
