"""The end of a build's log, in the message of a deployment that failed without an outcome."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from model_builds.builds.hint_words import WORDS
from model_builds.errors import LONGEST_MESSAGE, ModelError
from test_is_complete import CONSOLE, failure, put_outcome

if TYPE_CHECKING:
    from botocore.stub import Stubber
    from mypy_boto3_s3 import S3Client

SCHEMA = Path(__file__).parents[3] / "optimizer" / "schema" / "outcome.schema.json"


def shown(s3: S3Client, codebuild: Stubber, lines: list[str]) -> str:
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName="builds")
    logs.create_log_stream(logGroupName="builds", logStreamName="one")
    events = [{"timestamp": int(time.time() * 1000) + n, "message": f"{line}\n"} for n, line in enumerate(lines)]
    logs.put_log_events(logGroupName="builds", logStreamName="one", logEvents=events)
    return failure(s3, codebuild, logs={"groupName": "builds", "streamName": "one"})


def test_the_oldest_lines_are_omitted_if_not_all_fit(s3: S3Client, codebuild: Stubber) -> None:
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


def test_lines_that_codebuild_echoes_do_not_displace_the_builds_own(s3: S3Client, codebuild: Stubber) -> None:
    echoes = [f"[Container] 2026/11/25 10:00:00.00000{n} Entering phase" for n in range(20)]

    message = shown(s3, codebuild, ["the reason", *echoes])

    assert "the reason" in message
    assert "[Container]" not in message


def test_every_hint_of_the_optimizer_has_words() -> None:
    assert set(WORDS) == set(json.loads(SCHEMA.read_text(encoding="utf-8"))["$defs"]["Hint"]["enum"])


def test_a_failure_names_the_way_out_in_terms_of_the_cdk(s3: S3Client, codebuild: Stubber) -> None:
    sentence = "full-integer quantization needs evaluation data; give evaluation data"
    put_outcome(s3, {"exitCode": 2, "sentence": sentence, "hints": ["evaluation_data", "float16"]}, report=False)

    assert failure(s3, codebuild) == (
        f"{sentence}\nIn the CDK: evaluation data: evaluation: EvaluationData.fromAsset(…); float16: "
        f"Quantization.float16()\nBuild: {CONSOLE}"
    )


def test_a_hint_of_a_newer_optimizer_is_shown_by_its_name(s3: S3Client, codebuild: Stubber) -> None:
    put_outcome(s3, {"exitCode": 2, "sentence": "no", "hints": ["float_sorcery", "tags", "tasks"]}, report=False)

    words = "float sorcery; tags: tags of the ModelSource; tasks: { output: ModelTask.… }"
    assert f"\nIn the CDK: {words}\n" in failure(s3, codebuild)


def test_a_long_sentence_does_not_cut_hints(s3: S3Client, codebuild: Stubber) -> None:
    put_outcome(s3, {"exitCode": 2, "sentence": "s" * 5000, "hints": list(WORDS)}, report=False)

    message = failure(s3, codebuild)

    assert len(message.encode()) <= 2500
    assert all(words in message for words in WORDS.values())
    assert "sss…\nIn the CDK: " in message


def test_a_sentence_without_hints_stands_alone(s3: S3Client, codebuild: Stubber) -> None:
    put_outcome(s3, {"exitCode": 2, "sentence": "the ZIP is corrupt", "hints": []}, report=False)

    assert failure(s3, codebuild) == f"the ZIP is corrupt\nBuild: {CONSOLE}"


def test_an_error_is_as_long_as_cloudformation_takes_whatever_it_says() -> None:
    said = str(ModelError("the model's names: " + "ü" * LONGEST_MESSAGE))

    assert said.startswith("the model's names: ü")
    assert said.endswith("…")
    assert LONGEST_MESSAGE - 3 <= len(said.encode()) <= LONGEST_MESSAGE
