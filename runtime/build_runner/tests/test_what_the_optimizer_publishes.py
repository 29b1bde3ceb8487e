"""The handlers against what the optimizer's own code leaves in the bucket, not against our idea of it."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from index import is_complete, on_event
from model_builds.errors import ModelError
from model_builds.store import Store
from model_builds.versions.records import ATTRIBUTES, find_record
from published_models import BUCKET, BUILD_ID, NATIVE_LAYER, PREFIX, build_event, compatibility_properties, offer

OPTIMIZER = Path(__file__).parents[3] / "optimizer"
sys.path += [str(OPTIMIZER / "src"), str(OPTIMIZER / "tests" / "publishing")]

from cdk_tensorflow_shared.build_key import build_key
from cdk_tensorflow_shared.published_versions import REQUIRED
from publishing_samples import job_data, make_draft
from tensorflow_optimizer.documents.job import Job
from tensorflow_optimizer.documents.outcome import Candidate, CandidateStatus, Outcome
from tensorflow_optimizer.errors import ExitCode
from tensorflow_optimizer.publishing.publish import publish_build
from tensorflow_optimizer.publishing.record import Record, find_complete
from tensorflow_optimizer.publishing.target import Target
from tensorflow_optimizer.report.write import write_report
from tensorflow_optimizer.storage.checksums import write_checksums
from tensorflow_optimizer.storage.s3 import Bucket

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.stub import Stubber
    from mypy_boto3_s3 import S3Client


def publish(s3: S3Client, directory: Path, job: dict[str, Any], outcome: Outcome) -> Record | None:
    """Leave in the bucket what a build leaves that ended with this outcome."""
    request = Job.model_validate(job)
    (directory / "outcome.json").write_text(outcome.to_json())
    draft = make_draft(request) if outcome.exit_code is ExitCode.DONE else None
    write_report(directory, request, outcome, draft)
    if draft is not None:
        (directory / "draft.json").write_text(draft.to_json())
        for path in ["model.tflite"] if job["format"] == "litert" else ["saved_model.pb", "variables/variables.index"]:
            file = directory / "model" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"TFL3" * 100)
        write_checksums(directory)
    build_id = BUILD_ID.partition(":")[2]
    target = Target(Bucket(BUCKET, s3), PREFIX, build_id, build_key(job), "https://console.example/build")
    return publish_build(target, request, directory, None, lambda _: None)


def done() -> Outcome:
    return Outcome(exit_code=ExitCode.DONE, sentence="published float16")


def started(job: dict[str, Any]) -> dict[str, Any]:
    return build_event(job, PhysicalResourceId="id", Build={"Id": BUILD_ID, "Key": build_key(job), "Started": 0})


def answer_of_codebuild(codebuild: Stubber, status: str) -> None:
    build = {
        "id": BUILD_ID,
        "arn": f"arn:aws:codebuild:eu-west-1:111122223333:build/{BUILD_ID}",
        "projectName": "Optimizer",
        "buildStatus": status,
    }
    codebuild.add_response("batch_get_builds", {"builds": [build]})


def test_the_record_is_what_the_custom_resource_returns() -> None:
    fields = Record.model_fields.values()

    assert {field.alias for field in fields} == set(ATTRIBUTES)
    assert {field.alias for field in fields if field.is_required()} == set(REQUIRED)


@pytest.mark.parametrize("model_format", ["litert", "saved_model"])
def test_a_published_version_completes_the_build_and_is_found_by_the_next_deployment(
    s3: S3Client, codebuild: Stubber, tmp_path: Path, model_format: str
) -> None:
    job = job_data(format=model_format)
    record = publish(s3, tmp_path, job, done())
    assert record is not None
    answer_of_codebuild(codebuild, "SUCCEEDED")

    completed = is_complete(started(job), None)
    repeated = on_event(build_event(job), None)

    assert completed == {"IsComplete": True, "Data": json.loads(record.to_bytes())}
    assert repeated["Data"] == completed["Data"]


def test_a_published_version_fits_a_function(s3: S3Client, tmp_path: Path) -> None:
    record = publish(s3, tmp_path, job_data(), done())
    assert record is not None
    published = json.loads(record.to_bytes())

    answer = on_event(build_event() | {"ResourceProperties": compatibility_properties(published)}, None)

    layer = s3.get_object(Bucket=BUCKET, Key=published["LayerKey"])["Body"].read()
    assert answer["Data"] == published | {
        "RuntimeLayerArn": NATIVE_LAYER,
        "FunctionRuntime": "provided.al2023",
        "LayerSha256": hashlib.sha256(layer).hexdigest(),
        "GoldenSha256": "",
        "MemoryRequest": "",
    }


def test_a_published_version_is_refused_by_another_endpoint(s3: S3Client, tmp_path: Path) -> None:
    record = publish(s3, tmp_path, job_data(format="saved_model"), done())
    assert record is not None
    properties = compatibility_properties(json.loads(record.to_bytes()), offer())

    with pytest.raises(ModelError, match="published as saved_model, and litert is served here"):
        on_event(build_event() | {"ResourceProperties": properties}, None)


def test_a_refused_build_gives_the_deployment_the_reason_in_its_report(
    s3: S3Client, codebuild: Stubber, tmp_path: Path
) -> None:
    refused = Candidate(name="dynamicRange", status=CandidateStatus.REJECTED, reason="accuracy loss 0.03 is above 0.01")
    outcome = Outcome(exit_code=ExitCode.GATE, sentence="no candidate passed the gate", candidates=[refused])
    assert publish(s3, tmp_path, job_data(), outcome) is None
    answer_of_codebuild(codebuild, "FAILED")

    with pytest.raises(ModelError) as caught:
        is_complete(started(job_data()), None)

    lines = str(caught.value).split("\n")
    assert lines[0] == "no candidate passed the gate"
    assert lines[3] == "dynamicRange  rejected  accuracy loss 0.03 is above 0.01"
    report = lines[4].removeprefix(f"Report: s3://{BUCKET}/")
    assert s3.head_object(Bucket=BUCKET, Key=report)["ContentLength"] > 0


def complete_version(s3: S3Client, job: dict[str, Any]) -> tuple[Record | None, dict[str, str] | None]:
    """Return what the optimizer adopts, and what a deployment serves."""
    key = build_key(job)
    return find_complete(Bucket(BUCKET, s3), PREFIX, key), find_record(Store(BUCKET), PREFIX, key)


def retire(s3: S3Client) -> None:
    s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/pruned/1.json", Body=b"{}")


def lose(name: str) -> Callable[[S3Client], None]:
    return lambda s3: s3.delete_object(Bucket=BUCKET, Key=f"{PREFIX}/saved_model/1/{name}")


def overwrite_record(s3: S3Client) -> None:
    s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/keys/{build_key(job_data(format='saved_model'))}/1.json", Body=b"[]")


def change_manifest(s3: S3Client) -> None:
    s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/saved_model/1/manifest.json", Body=b"{}")


@pytest.mark.parametrize(
    "damage",
    [
        retire,
        lose("assets/words!.txt"),
        lose("assets!/words.txt"),
        lose("saved_model.pb"),
        lose("SHA256SUMS"),
        lose("bom.cdx.json"),
        overwrite_record,
        change_manifest,
    ],
)
def test_optimizer_and_custom_resource_agree_that_a_version_is_not_complete(
    s3: S3Client, tmp_path: Path, damage: Callable[[S3Client], None]
) -> None:
    job = job_data(format="saved_model")
    for name in ("assets/words!.txt", "assets!/words.txt"):
        (tmp_path / "model" / name).parent.mkdir(parents=True)
        (tmp_path / "model" / name).write_bytes(b"words")
    assert publish(s3, tmp_path, job, done()) is not None
    assert None not in complete_version(s3, job)

    damage(s3)

    assert complete_version(s3, job) == (None, None)


def test_optimizer_and_custom_resource_agree_that_an_overwritten_layer_is_still_there(
    s3: S3Client, tmp_path: Path
) -> None:
    """Functions are deployed with the object version that the record names."""
    job = job_data()
    record = publish(s3, tmp_path, job, done())
    assert record is not None
    content = s3.get_object(Bucket=BUCKET, Key=record.layer_key)["Body"].read()

    s3.put_object(Bucket=BUCKET, Key=record.layer_key, Body=content)
    found = complete_version(s3, job)
    s3.delete_object(Bucket=BUCKET, Key=record.layer_key, VersionId=record.layer_object_version)
    lost = complete_version(s3, job)

    assert found == (record, json.loads(record.to_bytes()))
    assert lost == (None, None)
