"""Retries while a role is new: a denial is waited for, and a build that it ended is restarted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from codebuild_answers import answered, at, build, listed, of_key
from index import is_complete
from model_builds.errors import ModelError
from published_models import BUILD_ID, KEY, PROJECT
from test_is_complete import waiting
from test_on_event import started

if TYPE_CHECKING:
    from botocore.stub import Stubber
    from conftest import Clock
    from mypy_boto3_s3 import S3Client

TOKEN = "8f6c1a52-0000-4000-8000-000000000001"
SECOND = f"{PROJECT}:second"
THIRD = f"{PROJECT}:third"


def denied(
    clock: Clock, phase: str = "DOWNLOAD_SOURCE", message: str = "AccessDenied: Access Denied"
) -> dict[str, Any]:
    """A build that ended now, in one of its first phases."""
    failed = {
        "phaseType": phase,
        "phaseStatus": "FAILED",
        "contexts": [{"statusCode": "CLIENT_ERROR", "message": message}],
    }
    return {"endTime": at(clock.now), "phases": [{"phaseType": "SUBMITTED", "phaseStatus": "SUCCEEDED"}, failed]}


def restarted(codebuild: Stubber, times: int, build_id: str) -> None:
    """Expect the request to start a build once more."""
    response, request = started(token=f"{TOKEN}-{times}")
    response["build"]["id"] = build_id
    codebuild.add_response("start_build", response, request)


def test_a_denied_poll_is_repeated_in_the_first_minutes(codebuild: Stubber, clock: Clock) -> None:
    event = waiting(clock)
    clock.now += 240
    codebuild.add_client_error("batch_get_builds", "AccessDeniedException", "not yet", http_status_code=400)

    assert is_complete(event, None) == {"IsComplete": False}


def test_a_poll_that_is_denied_later_stops_the_build(codebuild: Stubber, clock: Clock) -> None:
    event = waiting(clock)
    clock.now += 301
    codebuild.add_client_error("batch_get_builds", "AccessDeniedException", "not you", http_status_code=400)
    codebuild.add_client_error("stop_build", "AccessDeniedException", "not you", expected_params={"id": BUILD_ID})

    with pytest.raises(ModelError, match="BatchGetBuilds failed: AccessDeniedException: not you"):
        is_complete(event, None)


@pytest.mark.fault
@pytest.mark.parametrize(
    ("phase", "message"),
    [
        (
            "DOWNLOAD_SOURCE",
            "error while downloading key code.zip, error: AccessDenied: Access Denied, status code: 403",
        ),
        ("SUBMITTED", "Not authorized to perform DescribeSecurityGroups"),
        ("PROVISIONING", "CodeBuild is not authorized to perform: sts:AssumeRole on the service role"),
    ],
)
def test_a_build_that_was_denied_its_source_is_restarted(
    codebuild: Stubber, clock: Clock, phase: str, message: str
) -> None:
    event = waiting(clock)
    clock.now += 30
    failed = denied(clock, phase, message)
    answered(codebuild, build("FAILED", **failed))
    listed(codebuild, of_key(KEY, clock.now - 29, status="FAILED", **failed))
    restarted(codebuild, 1, SECOND)
    answered(codebuild, build("IN_PROGRESS", id=SECOND), build_id=SECOND)

    assert is_complete(event, None) == {"IsComplete": False}


def test_later_polls_wait_for_the_restarted_build(codebuild: Stubber, clock: Clock) -> None:
    event = waiting(clock)
    clock.now += 30
    failed = denied(clock)
    clock.now += 900
    answered(codebuild, build("FAILED", **failed))
    first = of_key(KEY, clock.now - 929, status="FAILED", **failed)
    listed(codebuild, of_key(KEY, clock.now - 890, SECOND), first)
    answered(codebuild, build("IN_PROGRESS", id=SECOND), build_id=SECOND)
    answered(codebuild, build("IN_PROGRESS", id=SECOND), build_id=SECOND)

    assert is_complete(event, None) == {"IsComplete": False}


def test_a_restarted_build_that_was_denied_too_is_restarted_after_a_pause(codebuild: Stubber, clock: Clock) -> None:
    event = waiting(clock)
    asked = clock.now
    clock.now = asked + 16
    failed = denied(clock)
    both = (of_key(KEY, asked + 15, SECOND, "FAILED", **failed), of_key(KEY, asked + 1, status="FAILED", **failed))

    for after in (29, 30):
        clock.now = asked + after
        answered(codebuild, build("FAILED", **failed))
        listed(codebuild, *both)
        answered(codebuild, build("FAILED", id=SECOND, **failed), build_id=SECOND)
        if after == 30:
            restarted(codebuild, 2, THIRD)
            answered(codebuild, build("IN_PROGRESS", id=THIRD), build_id=THIRD)
        assert is_complete(event, None) == {"IsComplete": False}
        codebuild.assert_no_pending_responses()


def test_the_sixth_build_that_is_denied_ends_the_deployment(s3: S3Client, codebuild: Stubber, clock: Clock) -> None:
    event = waiting(clock)
    clock.now += 250
    failed = denied(clock)
    answered(codebuild, build("FAILED", **failed))
    restarts = [of_key(KEY, clock.now - seconds, f"{PROJECT}:{seconds}", "FAILED", **failed) for seconds in range(5)]
    listed(codebuild, *restarts, of_key(KEY, clock.now - 249, status="FAILED", **failed))
    last = build("FAILED", id=f"{PROJECT}:0", **failed)
    answered(codebuild, last, build_id=last["id"])
    answered(codebuild, last, build_id=last["id"])

    with pytest.raises(ModelError, match="in phase DOWNLOAD_SOURCE: AccessDenied"):
        is_complete(event, None)


def test_a_restarted_build_that_fails_otherwise_ends_the_deployment(
    s3: S3Client, codebuild: Stubber, clock: Clock
) -> None:
    event = waiting(clock)
    clock.now += 30
    failed, other = denied(clock), denied(clock, "BUILD", "exit status 1")
    answered(codebuild, build("FAILED", **failed))
    listed(
        codebuild,
        of_key(KEY, clock.now - 10, SECOND, "FAILED", **other),
        of_key(KEY, clock.now - 29, status="FAILED", **failed),
    )
    answered(codebuild, build("FAILED", id=SECOND, **other), build_id=SECOND)
    answered(codebuild, build("FAILED", id=SECOND, **other), build_id=SECOND)

    with pytest.raises(ModelError, match="in phase BUILD: exit status 1"):
        is_complete(event, None)


def test_a_restart_without_room_is_requested_again(codebuild: Stubber, clock: Clock) -> None:
    event = waiting(clock)
    clock.now += 15
    failed = denied(clock)
    answered(codebuild, build("FAILED", **failed))
    listed(codebuild, of_key(KEY, clock.now - 15, status="FAILED", **failed))
    codebuild.add_client_error(
        "start_build", "AccountLimitExceededException", "Cannot have more than 1 builds in queue"
    )

    assert is_complete(event, None) == {"IsComplete": False}


@pytest.mark.parametrize(
    ("after", "phase", "message"),
    [
        (301, "DOWNLOAD_SOURCE", "AccessDenied"),
        (30, "BUILD", "AccessDenied while executing command"),
        (30, "DOWNLOAD_SOURCE", "NoSuchKey: The specified key does not exist"),
    ],
)
def test_any_other_failure_ends_the_deployment(
    s3: S3Client, codebuild: Stubber, clock: Clock, after: int, phase: str, message: str
) -> None:
    event = waiting(clock)
    clock.now += after
    answered(codebuild, build("FAILED", **denied(clock, phase, message)))

    with pytest.raises(ModelError, match=f"in phase {phase}: {message}"):
        is_complete(event, None)
