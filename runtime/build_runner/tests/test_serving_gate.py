"""Jobs whose gate compares with the version that serves: which version the build gets, and when there is none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.stub import Stubber
from codebuild_answers import listed
from index import on_event
from model_builds import aws
from model_builds.errors import ModelError
from published_models import BUCKET, BUILD_ID, PREFIX, build_event
from refused_models import REFUSED, job, key_of, properties
from test_delivered import delivered, named

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from refused_models import Deployments, Properties

GATE = {"rules": [{"rule": "notWorseThanServing", "value": 0.01, "metric": {"name": "accuracy"}}], "strict": False}
A, B, C = (properties(job(seed, gate=GATE)) for seed in (1, 2, 3))


def variables_for(new: Properties, old: Properties | None) -> dict[str, str]:
    """Return the variables of the build that an update to new properties starts."""
    more: dict[str, Any] = {} if old is None else {"PhysicalResourceId": "id", "OldResourceProperties": old}
    event = build_event(request_type="Create" if old is None else "Update", **more) | {"ResourceProperties": new}
    with Stubber(aws.codebuild()) as codebuild:
        for _ in range(1 if old is None else 2):
            listed(codebuild)
        codebuild.add_response("start_build", {"build": {"id": BUILD_ID}})
        asked: dict[str, str] = {}
        start = aws.codebuild().start_build

        def noted(**request: Any) -> Any:
            asked.update({entry["name"]: entry["value"] for entry in request["environmentVariablesOverride"]})
            return start(**request)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(aws.codebuild(), "start_build", noted)
            on_event(event, None)
    assert asked.pop("MODEL_PREFIX") == PREFIX
    assert asked.pop("BUILD_KEY") == key_of(new)
    return asked


def serving(record: dict[str, str]) -> dict[str, str]:
    return {
        "SERVING_MANIFEST_KEY": record["ManifestKey"],
        "SERVING_MANIFEST_SHA256": record["ManifestSha256"],
    }


def test_a_build_gets_the_version_that_serves_with_the_digest_of_its_record(stack: Deployments) -> None:
    first = stack.deploy(A, 1)
    assert len(first["ManifestSha256"]) == 64
    assert variables_for(B, stack.now) == serving(first)


def test_a_first_build_gets_none(stack: Deployments, capsys: pytest.CaptureFixture[str]) -> None:
    assert variables_for(A, None) == {}
    assert "notWorseThanServing passes: this is the first deployment of the model" in capsys.readouterr().out


def test_a_job_without_the_rule_gets_none(stack: Deployments) -> None:
    stack.deploy(A, 1)
    assert variables_for(properties(job(2)), stack.now) == {}


def test_after_a_refusal_the_version_that_was_kept_is_the_one(stack: Deployments) -> None:
    first = stack.deploy(A, 1)
    stack.deploy(B, REFUSED)
    assert variables_for(C, stack.now) == serving(first)


def test_after_a_delivery_went_back_the_version_that_it_named_is_the_one(stack: Deployments) -> None:
    def uploaded(version: str, serve: str = "built") -> Properties:
        found = delivered(version, serve)
        return found | {"Job": json.dumps(json.loads(found["Job"]) | {"gate": GATE})}

    first = stack.deploy(uploaded("v1"), 1)
    stack.deploy(uploaded("v2"), 2)
    stack.deploy(uploaded("v2", named(first)))
    assert variables_for(uploaded("v3"), stack.now) == serving(first)


def test_a_version_that_goes_live_again_is_not_built_and_the_log_says_that_it_is_not_compared(
    stack: Deployments, capsys: pytest.CaptureFixture[str]
) -> None:
    first = stack.deploy(A, 1)
    stack.deploy(B, 2)
    assert stack.deploy(A) == first
    said = "nothing to build, and notWorseThanServing is not applied to it again"
    assert capsys.readouterr().out.count(said) == 1
    _, back = stack.deploy_and_roll_back(C, 3)
    assert back == first
    assert capsys.readouterr().out.count(said) == 1


def test_without_the_version_that_served_the_deployment_fails_instead_of_passing(
    stack: Deployments, s3: S3Client
) -> None:
    first = stack.deploy(A, 1)
    for item in s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{PREFIX}/keys/")["Contents"]:
        s3.delete_object(Bucket=BUCKET, Key=item["Key"])
    s3.delete_object(Bucket=BUCKET, Key=first["ManifestKey"])
    with pytest.raises(ModelError, match="notWorseThanServing, and what served before is not complete in"):
        variables_for(B, stack.now)
