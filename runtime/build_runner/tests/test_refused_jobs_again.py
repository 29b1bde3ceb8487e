"""A refused job that returns: by a rollback, or because a later deployment names it again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from codebuild_answers import of_key
from model_builds import aws
from model_builds.errors import ModelError
from published_models import BUCKET
from refused_models import REASON, REFUSED, A, B, C, job, kept_json, key_of, properties

if TYPE_CHECKING:
    from conftest import Clock
    from mypy_boto3_s3 import S3Client
    from refused_models import Deployments


class TestRollback:
    def test_of_the_refused_deployment_returns_the_previous_version(self, stack: Deployments) -> None:
        first = stack.deploy(A, 1)

        kept, back = stack.deploy_and_roll_back(B, REFUSED)

        assert kept["Version"] == "1"
        assert back == first

    def test_to_a_refused_job_returns_the_version_kept_then_and_not_the_one_that_just_failed(
        self, stack: Deployments
    ) -> None:
        stack.deploy(A, 1)
        kept = stack.deploy(B, REFUSED)

        forward, back = stack.deploy_and_roll_back(C, 2)

        assert forward["Version"] == "2"
        assert back == kept

    def test_of_a_raised_attempt_that_passed_does_not_leave_it_live(self, stack: Deployments) -> None:
        stack.deploy(A, 1)
        kept = stack.deploy(B, REFUSED)

        forward, back = stack.deploy_and_roll_back(B | {"Attempt": "2"}, 2)

        assert forward["Version"] == "2"
        assert back == kept

    def test_stops_the_build_of_an_attempt_that_was_cancelled(self, stack: Deployments, clock: Clock) -> None:
        stack.deploy(A, 1)
        kept = stack.deploy(B, REFUSED)
        # CloudFormation sends no event when it cancels; the update back names the cancelled attempt as the old one.
        stack.now = B | {"Attempt": "2"}
        stack.status = "UPDATE_ROLLBACK_IN_PROGRESS"
        stack.running = of_key(key_of(B), clock.now - 60)

        assert stack.deploy(B) == kept

    def test_to_a_refused_job_whose_kept_version_was_deleted_says_so(self, stack: Deployments, s3: S3Client) -> None:
        record = stack.deploy(A, 1)
        stack.deploy(B, REFUSED)
        s3.delete_object(Bucket=BUCKET, Key=record["ManifestKey"])

        with pytest.raises(ModelError, match=r"version 1, which is kept .* is not complete .*: raise attempt"):
            stack.deploy(B | {"Note": "x"})

    def test_is_assumed_if_the_stack_cannot_be_described(
        self, stack: Deployments, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stack.deploy(A, 1)
        kept = stack.deploy(B, REFUSED)
        stack.deploy(C, 2)

        def denied(**_: Any) -> None:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeStacks")

        monkeypatch.setattr(aws.cloudformation(), "describe_stacks", denied)

        assert stack.deploy(B) == kept


class TestARefusedJobThatIsDeployedAgain:
    def test_keeps_the_current_version(self, stack: Deployments, s3: S3Client) -> None:
        stack.deploy(A, 1)
        stack.deploy(B, REFUSED)
        stack.deploy(C, 2)

        kept = stack.deploy(B)

        assert kept["Version"] == "2"
        assert kept["Refusal"].startswith(f"Version 2 is kept, the new model was refused: {REASON}")
        assert kept_json(s3, B)["refusals"][0]["keptVersion"] == "2"
        assert [json.loads(event["Detail"])["kept"]["version"] for event in stack.events] == ["1", "2"]

    def test_may_then_be_rolled_back_to_and_keeps_the_same(self, stack: Deployments) -> None:
        stack.deploy(A, 1)
        stack.deploy(B, REFUSED)
        stack.deploy(C, 2)
        kept = stack.deploy(B)

        _, back = stack.deploy_and_roll_back(A)

        assert back == kept

    def test_fails_if_the_current_version_is_for_another_processor(self, stack: Deployments, s3: S3Client) -> None:
        arm = [properties(job(seed, architecture="arm64")) for seed in (1, 2)]
        stack.deploy(arm[0], 1)
        stack.deploy(arm[1], REFUSED)
        stack.deploy(C, 2)

        with pytest.raises(
            ModelError,
            match=f"{REASON}.*, and no version can be kept: version 2 has the architecture x86_64, and arm64 is asked",
        ):
            stack.deploy(arm[1])

        assert kept_json(s3, arm[1])["refusals"][0]["keptVersion"] == "1"

    def test_with_the_attempt_lowered_again_stays_live_once_it_has_passed(self, stack: Deployments) -> None:
        stack.deploy(A, 1)
        stack.deploy(B, REFUSED)
        accepted = stack.deploy(B | {"Attempt": "2"}, 2)

        assert stack.deploy(B) == accepted
        assert len(stack.events) == 1

    def test_by_a_new_resource_with_the_same_prefix_gets_the_recorded_version(self, stack: Deployments) -> None:
        stack.deploy(A, 1)
        kept = stack.deploy(B, REFUSED)
        stack.now = None  # the construct was renamed, and given the prefix that it had

        assert stack.deploy(B) == kept
