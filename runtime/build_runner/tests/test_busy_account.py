"""An account that runs few builds at once: a model's build waits for the others, as long as a deployment can wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from codebuild_answers import answered, at, build, listed, of_key
from index import is_complete, on_event
from model_builds.errors import ModelError
from published_models import BUILD_ID, KEY, PROJECT, build_event, publish
from test_is_complete import failure, waiting
from test_on_event import started

if TYPE_CHECKING:
    from botocore.stub import Stubber
    from conftest import Clock
    from mypy_boto3_s3 import S3Client

FULL = ("AccountLimitExceededException", "Cannot have more than 1 builds in queue for the account")
QUOTA = "CodeBuild quota of concurrently running builds for its computeType"


def unstarted(clock: Clock) -> dict[str, Any]:
    """The event that is_complete gets where on_event found no room."""
    return build_event(PhysicalResourceId="id", Build={"Id": "", "Key": KEY, "Started": int(clock.now)})


def queued(clock: Clock, waited: float, **more: Any) -> dict[str, Any]:
    """The phase in which a build waits for others, which began when it was asked for."""
    return {"phases": [{"phaseType": "QUEUED", "startTime": at(clock.now), "endTime": at(clock.now + waited)} | more]}


@pytest.mark.fault
def test_a_build_without_room_is_requested_again_while_the_deployment_waits(
    s3: S3Client, codebuild: Stubber, clock: Clock
) -> None:
    listed(codebuild)
    codebuild.add_client_error("start_build", *FULL)
    made = on_event(build_event(), None)
    assert made["Build"] == {"Id": "", "Key": KEY, "Started": int(clock.now)}
    assert clock.slept == []

    event = build_event() | made
    listed(codebuild)
    codebuild.add_client_error("start_build", *FULL)
    assert is_complete(event, None) == {"IsComplete": False}

    listed(codebuild)
    codebuild.add_response("start_build", *started())
    answered(codebuild, build("IN_PROGRESS"))
    assert is_complete(event, None) == {"IsComplete": False}

    # CodeBuild forgets an idempotency token after five minutes: asking with it would start another build.
    clock.now += 600
    listed(codebuild, of_key(KEY, clock.now - 580))
    record = publish(s3)
    answered(codebuild, build("SUCCEEDED"))
    assert is_complete(event, None) == {"IsComplete": True, "Data": record}


def test_builds_of_other_inputs_and_earlier_builds_are_not_mistaken_for_it(codebuild: Stubber, clock: Clock) -> None:
    others = [of_key("other", clock.now + 5, f"{PROJECT}:1"), of_key(KEY, clock.now - 60, f"{PROJECT}:2", "FAILED")]
    listed(codebuild, *others)
    codebuild.add_response("start_build", *started())
    answered(codebuild, build("IN_PROGRESS"))

    assert is_complete(unstarted(clock), None) == {"IsComplete": False}


def test_a_build_in_the_queue_is_logged_with_its_wait(
    codebuild: Stubber, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    event = waiting(clock)
    clock.now += 12 * 60
    answered(codebuild, build("IN_PROGRESS", currentPhase="QUEUED"))
    answered(codebuild, build("IN_PROGRESS", currentPhase="BUILD"))

    is_complete(event, None)
    assert f"{BUILD_ID} has been in phase QUEUED for 12 of at most 50 minutes: the account" in capsys.readouterr().out
    is_complete(event, None)
    assert "QUEUED" not in capsys.readouterr().out


def test_throttling_while_it_waits_means_not_complete_yet(codebuild: Stubber, clock: Clock) -> None:
    codebuild.add_client_error("list_builds_for_project", "ThrottlingException", "Rate exceeded")

    assert is_complete(unstarted(clock), None) == {"IsComplete": False}


@pytest.mark.fault
def test_a_build_that_never_finds_room_names_the_quota(codebuild: Stubber, clock: Clock) -> None:
    event = unstarted(clock)
    clock.now += 56 * 60
    listed(codebuild)
    codebuild.add_client_error("start_build", *FULL)

    with pytest.raises(ModelError, match=f"could not be started in 55 minutes, because the account .* {QUOTA}"):
        is_complete(event, None)


@pytest.mark.fault
def test_an_account_that_may_run_no_build_at_all_does_not_wait(s3: S3Client, codebuild: Stubber, clock: Clock) -> None:
    listed(codebuild)
    codebuild.add_client_error("start_build", FULL[0], "Cannot have more than 0 builds in queue for the account")

    with pytest.raises(ModelError, match=r"run 0 builds .* set computeType to a smaller one.* AWS Support"):
        on_event(build_event(), None)
    assert clock.slept == []


def test_a_build_that_codebuild_took_out_of_its_queue_names_the_quota_and_no_larger_machine(
    s3: S3Client, codebuild: Stubber, clock: Clock
) -> None:
    message = failure(s3, codebuild, "TIMED_OUT", **queued(clock, 3000, phaseStatus="TIMED_OUT"))

    assert "did not start within 50 minutes: it waited in the queue" in message
    assert QUOTA in message
    assert "larger computeType" not in message


@pytest.mark.fault
def test_a_build_that_is_in_the_queue_when_the_time_is_up_names_the_quota(codebuild: Stubber, clock: Clock) -> None:
    event = waiting(clock)
    clock.now += 56 * 60
    answered(codebuild, build("IN_PROGRESS", currentPhase="QUEUED"))
    codebuild.add_response("stop_build", {}, {"id": BUILD_ID})

    with pytest.raises(ModelError, match=f"it was stopped; it was still in the queue, because .* {QUOTA}"):
        is_complete(event, None)


def test_a_build_that_started_too_late_says_how_long_it_waited(codebuild: Stubber, clock: Clock) -> None:
    event = waiting(clock)
    phases = queued(clock, 40 * 60)
    clock.now += 56 * 60
    answered(codebuild, build("IN_PROGRESS", currentPhase="BUILD", **phases))
    codebuild.add_response("stop_build", {}, {"id": BUILD_ID})

    with pytest.raises(ModelError, match=f"for 40 minutes of them it waited, because .* {QUOTA}"):
        is_complete(event, None)
