from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "src"))

import boto3
from moto import mock_aws
from publishing_samples import KEY, PREFIX, job_data, make_draft
from tensorflow_optimizer.documents.job import Job
from tensorflow_optimizer.documents.outcome import Outcome
from tensorflow_optimizer.errors import ExitCode
from tensorflow_optimizer.publishing.publish import publish_build
from tensorflow_optimizer.publishing.target import Target
from tensorflow_optimizer.report.write import write_report
from tensorflow_optimizer.storage.checksums import write_checksums
from tensorflow_optimizer.storage.s3 import Bucket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_s3 import S3Client
    from tensorflow_optimizer.documents.record import Record


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Client]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE", "CODEBUILD_BUILD_URL"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        client = boto3.client("s3")
        for bucket in ("models", "inputs"):
            client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
            client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        yield client


@pytest.fixture
def keys(s3: S3Client) -> Callable[[str], list[str]]:
    """Return the keys below a prefix of the bucket of models."""

    def list_keys(prefix: str = "") -> list[str]:
        return [item["Key"] for item in s3.list_objects_v2(Bucket="models", Prefix=prefix).get("Contents", [])]

    return list_keys


@pytest.fixture
def make_output(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that leaves what `run` leaves: outcome, report, draft and model."""

    def make(name: str = "out", *, exit_code: ExitCode = ExitCode.DONE, job: dict[str, Any] | None = None) -> Path:
        output = tmp_path / name
        output.mkdir()
        request = Job.model_validate(job or job_data())
        outcome = Outcome(exit_code=exit_code, sentence=f"{name} ended")
        (output / "outcome.json").write_text(outcome.to_json())
        draft = make_draft(request) if exit_code is ExitCode.DONE else None
        write_report(output, request, outcome, draft)
        if draft is not None:
            (output / "draft.json").write_text(draft.to_json())
            files = (
                {"model.tflite": b"TFL3" * 250}
                if request.format == "litert"
                else {
                    "saved_model.pb": b"graph",
                    "fingerprint.pb": b"print",
                    "variables/variables.index": b"index",
                    "variables/variables.data-00000-of-00001": b"data" * 100,
                    "assets/words.txt": b"one\ntwo\n",
                }
            )
            for path, content in files.items():
                (output / "model" / path).parent.mkdir(parents=True, exist_ok=True)
                (output / "model" / path).write_bytes(content)
            write_checksums(output)
        return output

    return make


@pytest.fixture
def release(s3: S3Client) -> Callable[..., Record | None]:
    """Return a function that publishes an output directory to the bucket of models."""

    def run(output: Path, build_id: str = "b-1", *, key: str = KEY, job: dict[str, Any] | None = None) -> Record | None:
        target = Target(Bucket("models", s3), PREFIX, build_id, key, "https://console.example/build")
        return publish_build(target, Job.model_validate(job or job_data()), output, None, lambda _: None)

    return run
