from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from botocore.stub import Stubber
from codebuild_answers import answered, build
from index import is_complete, on_event
from model_builds import aws
from model_builds.errors import ModelError
from published_models import BUCKET, BUILD_ID, KEY, PREFIX, build_event, publish

if TYPE_CHECKING:
    from conftest import Clock
    from kms_keys import Kms
    from mypy_boto3_s3 import S3Client

BUILD_DIRECTORY = f"{PREFIX}/builds/{BUILD_ID.partition(':')[2]}/"
REPORT = f"s3://{BUCKET}/{BUILD_DIRECTORY}report.html"
CONSOLE = (
    "https://eu-west-1.console.aws.amazon.com/codesuite/codebuild/111122223333/projects/Optimizer/build/"
    "Optimizer%3A11112222-3333-4444-5555-666677778888/?region=eu-west-1"
)


def waiting(clock: Clock | None = None) -> dict[str, Any]:
    return build_event(
        PhysicalResourceId="id", Build={"Id": BUILD_ID, "Key": KEY, "Started": clock.now if clock else 0}
    )


def put_outcome(s3: S3Client, outcome: dict[str, Any], *, report: bool = True) -> None:
    s3.put_object(Bucket=BUCKET, Key=f"{BUILD_DIRECTORY}outcome.json", Body=json.dumps(outcome).encode())
    if report:
        s3.put_object(Bucket=BUCKET, Key=f"{BUILD_DIRECTORY}report.html", Body=b"<html>")


def candidate(name: str, status: str = "rejected", reason: str = "", **metrics: Any) -> dict[str, Any]:
    return {
        "name": name,
        "status": status,
        "reason": reason,
        "metrics": {"sizeBytes": 250_000, "outputs": {"y": metrics, "z": {"accuracyLoss": -0.5}}},
    }


def failure(s3: S3Client, codebuild: Stubber, status: str = "FAILED", **more: Any) -> str:
    answered(codebuild, build(status, **more))
    with pytest.raises(ModelError) as caught:
        is_complete(waiting(), None)
    return str(caught.value)


def test_waits_while_the_build_runs(codebuild: Stubber, clock: Clock) -> None:
    answered(codebuild, build("IN_PROGRESS"))

    assert is_complete(waiting(clock), None) == {"IsComplete": False}


def test_waits_for_a_build_that_codebuild_does_not_know_yet(codebuild: Stubber, clock: Clock) -> None:
    answered(codebuild)

    assert is_complete(waiting(clock), None) == {"IsComplete": False}


def test_returns_the_record_of_a_build_that_succeeded(s3: S3Client, codebuild: Stubber) -> None:
    record = publish(s3, version=7)
    answered(codebuild, build("SUCCEEDED"))

    assert is_complete(waiting(), None) == {"IsComplete": True, "Data": record}


def test_the_result_of_another_build_of_the_same_inputs_is_used_by_the_next_deployment(
    s3: S3Client, codebuild: Stubber
) -> None:
    record = publish(s3)
    answered(codebuild, build("STOPPED"))

    with pytest.raises(ModelError, match="the build was stopped: deploy again"):
        is_complete(waiting(), None)

    assert on_event(build_event(), None)["Data"] == record


@pytest.mark.fault
@pytest.mark.parametrize("status", ["FAILED", "FAULT", "STOPPED", "TIMED_OUT"])
def test_a_record_does_not_make_up_for_a_build_that_did_not_succeed(
    s3: S3Client, codebuild: Stubber, kms: Kms, key: str, status: str
) -> None:
    publish(s3)
    answered(codebuild, build(status))
    event = waiting()
    event["ResourceProperties"] |= {"SigningKey": key, "UnsignedVersions": "SIGN"}

    with pytest.raises(ModelError):
        is_complete(event, None)

    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert not [name for name in keys if name.endswith(".sigstore.json")]


def test_tells_which_layers_isolated_the_model(
    s3: S3Client, codebuild: Stubber, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(s3)
    answered(codebuild, build("SUCCEEDED"))

    data = is_complete(waiting(), None)["Data"]

    assert data["Isolation"] == "user, files, calls on; network off (it needs CAP_SYS_ADMIN)"
    assert f"of the model of version 1, when it was opened: {data['Isolation']}" in capsys.readouterr().out


def test_what_a_model_says_begins_no_line_of_its_own_and_moves_no_cursor(s3: S3Client, codebuild: Stubber) -> None:
    forged = "bad\nReport: s3://evil/\x1b[2J\u2028Build: https://evil\u202e\r"
    put_outcome(
        s3,
        {
            "exitCode": 3,
            "sentence": forged,
            "hints": [f"x{forged}"],
            "candidates": [candidate(forged, status=forged, reason=forged)],
        },
    )

    message = failure(s3, codebuild)

    lines = message.splitlines()
    assert [line for line in lines if line.startswith(("Report:", "Build:"))] == [
        f"Report: {REPORT}",
        f"Build: {CONSOLE}",
    ]
    assert not set(message) & set("\x1b\u2028\u202e\r")


def test_what_a_model_prints_moves_no_cursor(s3: S3Client, codebuild: Stubber, monkeypatch: pytest.MonkeyPatch) -> None:
    events = [{"message": "\x1b[2Jgone\rReport: s3://evil/\n"}, {"message": "a\tb\n"}]
    with Stubber(aws.logs()) as logs:
        logs.add_response("get_log_events", {"events": events})
        message = failure(s3, codebuild, logs={"groupName": "/g", "streamName": "s"})

    assert "\x1b" not in message
    assert "[2Jgone\nReport: s3://evil/\na b\n" in message


@pytest.mark.parametrize(
    "event", [build_event(PhysicalResourceId="id", Data={"Version": "1"}), build_event(request_type="Delete")]
)
def test_has_nothing_to_wait_for_if_nothing_was_started(codebuild: Stubber, event: dict[str, Any]) -> None:
    assert is_complete(event, None) == {"IsComplete": True}


@pytest.mark.fault
@pytest.mark.parametrize(
    ("code", "status"), [("ThrottlingException", 400), ("RequestLimitExceeded", 503), ("InternalServiceError", 500)]
)
def test_throttling_means_not_complete_yet(codebuild: Stubber, code: str, status: int) -> None:
    codebuild.add_client_error("batch_get_builds", code, "slow down", http_status_code=status)

    assert is_complete(waiting(), None) == {"IsComplete": False}


@pytest.mark.fault
@pytest.mark.parametrize(
    "error", [EndpointConnectionError(endpoint_url="https://x"), ReadTimeoutError(endpoint_url="https://x")]
)
def test_a_broken_connection_means_not_complete_yet(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fails(**_: Any) -> None:
        raise error

    monkeypatch.setattr(aws.codebuild(), "batch_get_builds", fails)

    assert is_complete(waiting(), None) == {"IsComplete": False}


@pytest.mark.fault
def test_throttling_by_the_bucket_means_not_complete_yet(s3: S3Client, codebuild: Stubber) -> None:
    answered(codebuild, build("SUCCEEDED"))
    with Stubber(aws.s3()) as busy:
        busy.add_client_error("list_objects_v2", "SlowDown", "Please reduce your request rate", http_status_code=503)

        assert is_complete(waiting(), None) == {"IsComplete": False}


def test_a_denied_request_stops_the_build_and_ends_the_deployment_with_a_sentence(codebuild: Stubber) -> None:
    codebuild.add_client_error("batch_get_builds", "AccessDeniedException", "not you", http_status_code=400)
    codebuild.add_response("stop_build", {}, {"id": BUILD_ID})

    with pytest.raises(ModelError, match=r"^BatchGetBuilds failed: AccessDeniedException: not you$"):
        is_complete(waiting(), None)


@pytest.mark.fault
def test_stops_an_overdue_build_with_a_separate_reason(codebuild: Stubber, clock: Clock) -> None:
    event = waiting(clock)
    clock.now += 56 * 60
    answered(codebuild, build("IN_PROGRESS"))
    codebuild.add_response("stop_build", {}, {"id": BUILD_ID})

    with pytest.raises(ModelError, match=r"not ended 56 minutes after .* it was stopped: .* ModelArtifact\.fromBucket"):
        is_complete(event, None)


def test_a_build_is_not_overdue_while_its_own_limits_may_still_end_it(codebuild: Stubber, clock: Clock) -> None:
    event = waiting(clock)
    clock.now += 55 * 60
    answered(codebuild, build("IN_PROGRESS"))

    assert is_complete(event, None) == {"IsComplete": False}


def test_a_shorter_limit_of_the_project_counts(codebuild: Stubber, clock: Clock) -> None:
    event = waiting(clock)
    clock.now += 21 * 60
    answered(codebuild, build("IN_PROGRESS", timeoutInMinutes=15, queuedTimeoutInMinutes=15))
    codebuild.add_client_error("stop_build", "ThrottlingException", "busy")

    with pytest.raises(
        ModelError, match=r"not ended 21 minutes after .* could not be stopped .ThrottlingException: busy"
    ):
        is_complete(event, None)


def test_a_failure_shows_the_sentence_the_candidates_and_where_to_read_more(s3: S3Client, codebuild: Stubber) -> None:
    put_outcome(
        s3,
        {
            "exitCode": 3,
            "sentence": "no candidate passed the gate: use a less strict gate or a milder recipe",
            "candidates": [
                candidate(
                    "dynamicRange", reason="accuracy loss 0.031 is above 0.01", accuracy=0.95, accuracyLoss=0.031
                ),
                candidate("float16", "failed", "does not load"),
            ],
        },
    )

    message = failure(s3, codebuild)

    lines = message.split("\n")
    assert lines[0] == "no candidate passed the gate: use a less strict gate or a milder recipe"
    assert lines[2].split() == ["candidate", "result", "size", "accuracy", "loss", "reason"]
    assert lines[3].split()[:6] == ["dynamicRange", "rejected", "0.25", "MB", "0.95", "0.031"]
    assert lines[3].endswith("accuracy loss 0.031 is above 0.01")
    assert lines[4].split()[:2] == ["float16", "failed"]
    assert lines[-2:] == [f"Report: {REPORT}", f"Build: {CONSOLE}"]


def test_a_regression_has_its_error_and_the_increase(s3: S3Client, codebuild: Stubber) -> None:
    worse = candidate("dynamicRange", reason="too far off", meanAbsoluteError=1234.5678, errorIncrease=0.25)
    # The unit of each output is its own: the one that got worse counts, not the one with the greatest numbers.
    worse["metrics"]["outputs"]["z"] = {"meanAbsoluteError": 99_999.0, "errorIncrease": 0.01}
    put_outcome(
        s3,
        {
            "exitCode": 3,
            "sentence": "no candidate passed",
            "candidates": [worse, candidate("float16", meanAbsoluteError=2e-5, errorIncrease=-0.02)],
        },
    )

    lines = failure(s3, codebuild).split("\n")

    assert [line.split() for line in lines[2:5]] == [
        ["candidate", "result", "size", "loss", "MAE", "increase", "reason"],
        ["dynamicRange", "rejected", "0.25", "MB", "1235", "0.25", "too", "far", "off"],
        ["float16", "rejected", "0.25", "MB", "-0.5", "2e-05", "-0.02"],
    ]


def test_a_failure_message_fits_in_2500_bytes_and_keeps_its_addresses(s3: S3Client, codebuild: Stubber) -> None:
    candidates = [candidate(f"candidate-{number}", reason="ü" * 500) for number in range(40)]
    put_outcome(s3, {"exitCode": 3, "sentence": "s" * 5000, "candidates": candidates})

    message = failure(s3, codebuild)

    assert len(message.encode("utf-8")) <= 2500
    assert message.endswith(f"…\nReport: {REPORT}\nBuild: {CONSOLE}")


def test_many_candidates_are_counted_not_listed(s3: S3Client, codebuild: Stubber) -> None:
    put_outcome(s3, {"exitCode": 3, "sentence": "none", "candidates": [candidate(f"c{n}") for n in range(15)]})

    assert "and 3 more, in the report" in failure(s3, codebuild)


def test_names_no_report_that_was_not_written(s3: S3Client, codebuild: Stubber) -> None:
    put_outcome(s3, {"exitCode": 2, "sentence": "the ZIP is corrupt", "candidates": []}, report=False)

    assert failure(s3, codebuild) == f"the ZIP is corrupt\nBuild: {CONSOLE}"


def test_shows_the_last_log_lines_only_when_there_is_no_outcome(s3: S3Client, codebuild: Stubber) -> None:
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName="builds")
    logs.create_log_stream(logGroupName="builds", logStreamName="one")
    logs.put_log_events(
        logGroupName="builds",
        logStreamName="one",
        logEvents=[{"timestamp": int(time.time() * 1000) + n, "message": f"line {n}\n"} for n in range(20)],
    )
    where = {"logs": {"groupName": "builds", "streamName": "one"}}
    phases = {
        "phases": [
            {"phaseType": "SUBMITTED", "phaseStatus": "SUCCEEDED"},
            {
                "phaseType": "INSTALL",
                "phaseStatus": "FAILED",
                "contexts": [{"statusCode": "COMMAND_EXECUTION_ERROR", "message": "exit status 1"}],
            },
        ]
    }

    message = failure(s3, codebuild, **where, **phases)

    assert message.startswith("the build ended with status FAILED in phase INSTALL: exit status 1\n")
    assert "line 19" in message
    assert "line 4\n" not in message
    put_outcome(s3, {"exitCode": 1, "sentence": "out of memory", "candidates": []})
    assert "line 19" not in failure(s3, codebuild, **where, **phases)


@pytest.mark.fault
def test_does_not_report_success_when_publishing_failed(s3: S3Client, codebuild: Stubber) -> None:
    put_outcome(s3, {"exitCode": 0, "sentence": "float16 passed", "candidates": []})
    phase = {"phaseType": "POST_BUILD", "phaseStatus": "FAILED", "contexts": [{"message": "exit status 1"}]}

    message = failure(s3, codebuild, phases=[phase])

    assert message.startswith("the build ended with status FAILED in phase POST_BUILD: exit status 1\n")
    assert "float16 passed" not in message


@pytest.mark.fault
def test_survives_a_log_that_cannot_be_read(s3: S3Client, codebuild: Stubber) -> None:
    message = failure(s3, codebuild, logs={"groupName": "gone", "streamName": "gone"})

    assert message == f"the build ended with status FAILED\nBuild: {CONSOLE}"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("TIMED_OUT", "did not end within 45 minutes"),
        ("STOPPED", "was stopped: deploy again"),
        ("FAULT", "ended with status FAULT"),
        ("SUCCEEDED", "what it published is not complete"),
    ],
)
def test_says_how_a_build_without_outcome_ended(s3: S3Client, codebuild: Stubber, status: str, words: str) -> None:
    assert words in failure(s3, codebuild, status)


@pytest.mark.parametrize(
    ("partition", "host"),
    [("aws-cn", "console.amazonaws.cn"), ("aws-us-gov", "console.amazonaws-us-gov.com")],
)
def test_links_to_the_console_of_the_partition(s3: S3Client, codebuild: Stubber, partition: str, host: str) -> None:
    message = failure(s3, codebuild, arn=f"arn:{partition}:codebuild:eu-west-1:111122223333:build/{BUILD_ID}")

    assert f"https://eu-west-1.{host}/codesuite" in message
