"""Builds of a model that a delivery names: by an upload, or by the published versions to go back to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from model_builds.errors import ModelError
from published_models import BUCKET, KEY, PREFIX, publish
from refused_models import REFUSED, Properties, job, key_of, properties

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from refused_models import Deployments

LOCATION = {"bucket": "uploads", "key": "digits.zip"}


def delivered(version: str, serve: str = "built", **changes: Any) -> Properties:
    """Return what the template says of a model of a delivery, which serves this upload."""
    source = job(0)["source"] | {"identity": {"objectVersion": version}, "location": LOCATION}
    found = properties(job(0, source=source), Serve=serve, **changes)
    del found["OnRefusal"]
    return found


def named(record: dict[str, str], **changes: str) -> str:
    entry = {"bucket": BUCKET, "manifestKey": record["ManifestKey"], "manifestSha256": record["ManifestSha256"]}
    return json.dumps([entry | changes])


FIRST, SECOND = delivered("v1"), delivered("v2")


def test_an_upload_is_built_and_the_one_before_it_is_not_again(stack: Deployments) -> None:
    first = stack.deploy(FIRST, 1)
    second = stack.deploy(SECOND, 2)

    assert (first["Version"], second["Version"]) == ("1", "2")
    assert stack.deploy(FIRST) == first


def test_before_the_first_upload_the_deployment_fails_and_says_where_to_upload(stack: Deployments) -> None:
    with pytest.raises(ModelError, match=r"nothing was uploaded yet: upload a model to s3://uploads/digits\.zip"):
        stack.deploy(delivered("none"))


def test_a_named_version_is_served_without_a_build(stack: Deployments) -> None:
    first = stack.deploy(FIRST, 1)
    stack.deploy(SECOND, 2)

    back = stack.deploy(delivered("v2", named(first)))

    assert back == first


def test_a_named_version_is_served_when_nothing_was_uploaded(stack: Deployments, s3: S3Client) -> None:
    assert stack.deploy(delivered("none", named(publish(s3, 4))))["Version"] == "4"


def test_a_rollback_to_a_deployment_of_a_named_version_returns_it(stack: Deployments) -> None:
    first = stack.deploy(FIRST, 1)
    stack.deploy(SECOND, 2)
    stack.deploy(delivered("v2", named(first)))

    forward, back = stack.deploy_and_roll_back(delivered("v3"), 3)

    assert (forward["Version"], back) == ("3", first)


def test_a_refused_upload_keeps_the_named_version_that_served(stack: Deployments) -> None:
    keeping = {"OnRefusal": "KEEP_PREVIOUS"}
    first = stack.deploy(FIRST | keeping, 1)
    stack.deploy(SECOND | keeping, 2)
    stack.deploy(delivered("v2", named(first)) | keeping)

    kept = stack.deploy(delivered("v3") | keeping, REFUSED)

    assert (kept["Version"], kept["Refusal"][:17]) == ("1", "Version 1 is kept")


@pytest.mark.parametrize(
    "changes",
    [{"bucket": "other"}, {"manifestKey": "another-model/litert/1/manifest.json"}],
)
def test_versions_of_other_models_of_the_delivery_are_not_for_this_one(
    stack: Deployments, changes: dict[str, str]
) -> None:
    first = stack.deploy(FIRST, 1)

    assert stack.deploy(delivered("v2", named(first, **changes)), 2)["Version"] == "2"


def test_each_model_of_a_delivery_gets_its_own_of_the_named_versions(stack: Deployments) -> None:
    first = stack.deploy(FIRST, 1)
    other = json.loads(named(first, manifestKey="another-model/litert/9/manifest.json"))

    assert stack.deploy(delivered("v2", json.dumps(other + json.loads(named(first)))))["Version"] == "1"


def test_a_named_version_with_another_digest_fails(stack: Deployments) -> None:
    first = stack.deploy(FIRST, 1)

    with pytest.raises(ModelError, match="it is not the model that was meant"):
        stack.deploy(delivered("v1", named(first, manifestSha256="0" * 64)))


def test_a_named_version_that_does_not_exist_fails(stack: Deployments) -> None:
    first = stack.deploy(FIRST, 1)

    with pytest.raises(ModelError, match="there is no manifest"):
        stack.deploy(delivered("v1", named(first, manifestKey=f"{PREFIX}/litert/9/manifest.json")))


def test_a_named_version_for_another_processor_fails(stack: Deployments, s3: S3Client) -> None:
    record = publish(s3, 5, architecture="arm64")

    with pytest.raises(ModelError, match="is for the architecture arm64, and x86_64 is asked for now"):
        stack.deploy(delivered("v1", named(record)))


@pytest.mark.fault
@pytest.mark.parametrize("text", ["latest", "7"])
def test_a_parameter_that_somebody_wrote_by_hand_fails_with_what_it_must_be(stack: Deployments, text: str) -> None:
    with pytest.raises(ModelError, match="must be 'built' or a JSON list of manifests"):
        stack.deploy(delivered("v1", text))


def test_the_build_key_knows_the_upload_and_not_what_to_serve() -> None:
    assert key_of(FIRST) != key_of(SECOND)
    assert key_of(FIRST) == key_of(delivered("v1", "[]")) != KEY
