"""A running build is adopted by the deployment that wants it, and stopped when no deployment does."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from cdk_tensorflow_shared.build_key import build_key
from codebuild_answers import listed, of_key
from index import on_event
from published_models import JOB, KEY, PROJECT, build_event, publish
from test_on_event import started

if TYPE_CHECKING:
    from botocore.stub import Stubber
    from conftest import Clock
    from mypy_boto3_s3 import S3Client

RUNNING, OTHER = f"{PROJECT}:running", f"{PROJECT}:other"
NEW_JOB = copy.deepcopy(JOB) | {"seed": 1}
NEW_KEY = build_key(NEW_JOB)


def rolled_back() -> dict[str, Any]:
    """The event that ends an update to NEW_JOB, which another resource's failure cancelled."""
    return build_event(
        request_type="Update",
        PhysicalResourceId="id",
        OldResourceProperties=build_event(NEW_JOB)["ResourceProperties"],
    )


@pytest.mark.fault
def test_it_waits_for_a_running_build_of_the_same_key(s3: S3Client, codebuild: Stubber, clock: Clock) -> None:
    listed(codebuild, of_key("other", clock.now - 10, OTHER), of_key(KEY, clock.now - 300, RUNNING))

    assert on_event(build_event(), None)["Build"] == {"Id": RUNNING, "Key": KEY, "Started": int(clock.now)}


@pytest.mark.parametrize("status", ["FAILED", "STOPPED", "TIMED_OUT", "SUCCEEDED"])
def test_it_does_not_wait_for_a_build_that_ended(s3: S3Client, codebuild: Stubber, clock: Clock, status: str) -> None:
    listed(codebuild, of_key(KEY, clock.now - 300, RUNNING, status))
    codebuild.add_response("start_build", *started())

    assert on_event(build_event(), None)["Build"]["Id"] != RUNNING


def test_it_waits_until_builds_may_be_listed(s3: S3Client, codebuild: Stubber, clock: Clock) -> None:
    codebuild.add_client_error("list_builds_for_project", "AccessDeniedException", "new role")
    listed(codebuild, of_key(KEY, clock.now - 300, RUNNING))

    assert on_event(build_event(), None)["Build"]["Id"] == RUNNING


@pytest.mark.fault
def test_deletion_stops_every_running_build_of_the_project(codebuild: Stubber, clock: Clock) -> None:
    ended = of_key(KEY, clock.now - 900, f"{PROJECT}:ended", "FAILED")
    listed(codebuild, of_key(NEW_KEY, clock.now - 10, OTHER), of_key(KEY, clock.now - 300, RUNNING), ended)
    codebuild.add_client_error("stop_build", "ThrottlingException", "busy", expected_params={"id": OTHER})
    codebuild.add_response("stop_build", {}, {"id": RUNNING})

    answer = on_event(build_event(request_type="Delete", PhysicalResourceId="id"), None)

    assert answer == {"PhysicalResourceId": "id"}


@pytest.mark.fault
@pytest.mark.parametrize("code", ["ResourceNotFoundException", "AccessDeniedException"])
def test_a_project_that_cannot_be_queried_does_not_fail_a_deletion(codebuild: Stubber, code: str) -> None:
    codebuild.add_client_error("list_builds_for_project", code, "no")

    assert on_event(build_event(request_type="Delete", PhysicalResourceId="id"), None) == {"PhysicalResourceId": "id"}


@pytest.mark.fault
def test_a_rollback_stops_the_build_of_the_cancelled_update(s3: S3Client, codebuild: Stubber, clock: Clock) -> None:
    record = publish(s3)
    listed(codebuild, of_key(NEW_KEY, clock.now - 60, RUNNING), of_key("by hand", clock.now - 90, OTHER))
    codebuild.add_response("stop_build", {}, {"id": RUNNING})

    assert on_event(rolled_back(), None)["Data"] == record


def test_an_update_that_only_moves_locations_stops_nothing(s3: S3Client, codebuild: Stubber) -> None:
    publish(s3)
    moved = copy.deepcopy(JOB)
    moved["source"]["location"]["bucket"] = "elsewhere"

    on_event(
        build_event(moved, request_type="Update", OldResourceProperties=build_event()["ResourceProperties"]),
        None,
    )


@pytest.mark.parametrize("mode", ["compatibility", "version_check"])
def test_deletion_of_a_check_does_not_call_codebuild(codebuild: Stubber, mode: str) -> None:
    event = build_event(request_type="Delete", PhysicalResourceId="id") | {"ResourceProperties": {"Mode": mode}}

    assert on_event(event, None) == {"PhysicalResourceId": "id"}
