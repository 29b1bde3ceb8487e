"""The end of a build's log, in the message of a deployment that failed without an outcome."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import boto3
from test_is_complete import CONSOLE, failure

if TYPE_CHECKING:
    from botocore.stub import Stubber
    from mypy_boto3_s3 import S3Client


def shown(s3: S3Client, codebuild: Stubber, lines: list[str]) -> str:
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName="builds")
    logs.create_log_stream(logGroupName="builds", logStreamName="one")
    events = [{"timestamp": int(time.time() * 1000) + n, "message": f"{line}\n"} for n, line in enumerate(lines)]
    logs.put_log_events(logGroupName="builds", logStreamName="one", logEvents=events)
    return failure(s3, codebuild, logs={"groupName": "builds", "streamName": "one"})


def test_where_not_all_lines_fit_the_oldest_are_left_out(s3: S3Client, codebuild: Stubber) -> None:
    message = shown(
        s3, codebuild, [f"line {number} {'x' * 300}" for number in range(14)] + ["No matching distribution"]
    )

    assert f"\nNo matching distribution\nBuild: {CONSOLE}" in message
    assert "line 13 " in message
    assert "line 0 " not in message
    assert len(message.encode()) <= 2500


def test_one_line_that_is_longer_than_a_message_is_cut(s3: S3Client, codebuild: Stubber) -> None:
    message = shown(s3, codebuild, ["older", f"newest {'x' * 5000}"])

    assert "newest xxx" in message
    assert message.endswith(f"…\nBuild: {CONSOLE}")


def test_what_codebuild_echoes_takes_no_place_of_what_the_build_says(s3: S3Client, codebuild: Stubber) -> None:
    echoes = [f"[Container] 2026/11/25 10:00:00.00000{n} Entering phase" for n in range(20)]

    message = shown(s3, codebuild, ["the reason", *echoes])

    assert "the reason" in message
    assert "[Container]" not in message
