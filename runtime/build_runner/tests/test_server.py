"""A server that is published with its model, and an endpoint that runs it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from model_builds.checks.compatibility import check_compatibility
from model_builds.errors import ModelError
from model_builds.store import Store
from model_builds.versions.records import find_record
from published_models import BUCKET, KEY, PREFIX, compatibility_properties, offer, publish

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SHA256 = "5e" * 32
SERVER_KEY = f"shared/server/{SHA256}/tensorflow_model_server"
SERVER = {"image": "tensorflow/serving:2.20.0", "digest": "sha256:00", "sha256": SHA256, "size": 3, "key": SERVER_KEY}
NEEDS = {"runtime": None, "peakMemoryMebibytes": None, "cpuFeatures": []}


def publish_served(s3: S3Client, *, server: dict[str, Any] | None = SERVER, record: bool = True) -> dict[str, str]:
    if server:
        s3.put_object(Bucket=BUCKET, Key=server["key"], Body=b"ELF")
    made = publish(s3, record=record, format="saved_model", requirements=NEEDS, server=server)
    if not server or not record:
        return made
    made = {**made, "ServerKey": SERVER_KEY, "ServerSha256": SHA256}
    s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/keys/{KEY}/1.json", Body=json.dumps(made).encode())
    return made


def fleet(**changes: Any) -> dict[str, Any]:
    return offer(endpoint="fleet", format="saved_model", requiresServer=True, memoryMebibytes=None, **changes)


@pytest.mark.parametrize("record", [True, False], ids=["where it was published", "in a copy without records"])
def test_a_fleet_gets_the_location_and_the_digest_of_its_server(s3: S3Client, record: bool) -> None:
    data = check_compatibility(compatibility_properties(publish_served(s3, record=record), fleet()))
    assert (data["ServerKey"], data["ServerSha256"]) == (SERVER_KEY, SHA256)


def test_a_model_without_a_server_does_not_fit_a_fleet_that_runs_it(s3: S3Client) -> None:
    record = publish_served(s3, server=None)
    with pytest.raises(ModelError, match="it was published without a server: give its ModelOptimizer a serverImage"):
        check_compatibility(compatibility_properties(record, fleet()))


def test_a_fleet_with_its_own_server_needs_none_from_the_model(s3: S3Client) -> None:
    own = fleet() | {"requiresServer": False}
    assert check_compatibility(compatibility_properties(publish_served(s3, server=None), own))["ServerKey"] == ""


def test_a_server_that_was_not_copied_with_its_model_is_named(s3: S3Client) -> None:
    record = publish_served(s3)
    s3.delete_object(Bucket=BUCKET, Key=SERVER_KEY)
    with pytest.raises(ModelError, match=f"there is no s3://{BUCKET}/{SERVER_KEY}, which the manifest"):
        check_compatibility(compatibility_properties(record, fleet()))


def test_inputs_whose_server_is_gone_are_built_again(s3: S3Client) -> None:
    publish_served(s3)
    found = find_record(Store(BUCKET), PREFIX, KEY)
    assert found is not None
    assert (found["ServerKey"], found["ServerSha256"]) == (SERVER_KEY, SHA256)

    s3.delete_object(Bucket=BUCKET, Key=SERVER_KEY)
    assert find_record(Store(BUCKET), PREFIX, KEY) is None
