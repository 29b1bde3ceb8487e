"""Way of a server from a job to the bucket: it lies beside the model that it was tried on, once for all models."""

from __future__ import annotations

import hashlib
import json
import shutil
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from cdk_tensorflow_shared.build_key import build_key
from moto import mock_aws
from programs import lying, stand_in
from sample_jobs import job_data
from stand_in_registry import Registry, one_image
from tensorflow_optimizer.documents.job import Job
from tensorflow_optimizer.errors import BadInputError, ExitCode, OptimizerError
from tensorflow_optimizer.pipeline import Paths, run
from tensorflow_optimizer.publishing.publish import publish_build
from tensorflow_optimizer.publishing.record import find_complete
from tensorflow_optimizer.publishing.target import Target
from tensorflow_optimizer.storage.checksums import write_checksums
from tensorflow_optimizer.storage.s3 import Bucket
from tensorflow_optimizer.storage.storage_errors import ObjectExistsError
from tensorflow_optimizer.supervision.output import write_outcome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mypy_boto3_s3 import S3Client
    from sample_models import SampleModels
    from tensorflow_optimizer.documents.record import Record

DIGEST = hashlib.sha256(stand_in()).hexdigest()
KEY = f"shared/server/{DIGEST}/tensorflow_model_server"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Client]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="models")
        client.put_bucket_versioning(Bucket="models", VersioningConfiguration={"Status": "Enabled"})
        yield client


def run_job(program: bytes, model: Path, output: Path) -> dict[str, Any]:
    """Run a job with a server as the command `run` does, and return it."""
    with Registry(one_image(program, "serving", "2.20.0")) as registry:
        image = f"{registry.host}/serving:2.20.0"
        data = job_data(format="saved_model", recipe="forServing", server={"image": image})
        # Leaves keep their user below pytest's closed directory: the stand-in's Python may be closed to others too.
        outcome, _ = run(Job.model_validate(data), Paths(model, None, output, output.parent))
    write_outcome(output, outcome)
    write_checksums(output)
    return data


@pytest.fixture(scope="module")
def built(models: SampleModels, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """A job that ended well, and what it left."""
    output = tmp_path_factory.mktemp("built")
    return run_job(stand_in(), models.dense, output), output


@pytest.fixture
def output(built: tuple[dict[str, Any], Path], tmp_path: Path) -> Path:
    """Return a copy of what the job left."""
    return shutil.copytree(built[1], tmp_path / "out")


def publish(s3: S3Client, data: dict[str, Any], output: Path, prefix: str = "dense-1") -> Record | None:
    target = Target(Bucket("models", s3), prefix, "b-1", build_key(data))
    return publish_build(target, Job.model_validate(data), output, None, lambda _: None)


def read(s3: S3Client, key: str) -> bytes:
    return s3.get_object(Bucket="models", Key=key)["Body"].read()


def test_the_server_is_published_once_for_all_models_with_its_place_in_manifest_and_record(
    s3: S3Client, built: tuple[dict[str, Any], Path], output: Path
) -> None:
    data, _ = built
    record = publish(s3, data, output)

    assert record is not None
    assert (record.server_key, record.server_sha256) == (KEY, DIGEST)
    assert read(s3, KEY) == stand_in()
    server = json.loads(read(s3, record.manifest_key))["server"]
    assert server["digest"].startswith("sha256:")
    assert server == {
        "image": data["server"]["image"],
        "digest": server["digest"],
        "sha256": DIGEST,
        "size": len(stand_in()),
        "key": KEY,
        "trial": "answered",
        "trialNote": "",
    }

    # Another model with the same server: no second copy, and not an error.
    assert publish(s3, data, output, prefix="other-1") is not None
    versions = s3.list_object_versions(Bucket="models", Prefix="shared/")["Versions"]
    assert [version["Key"] for version in versions] == [KEY]

    # A record whose server is gone is not whole: the same inputs are built anew.
    s3.delete_object(Bucket="models", Key=KEY)
    assert find_complete(Bucket("models", s3), "dense-1", build_key(data)) is None


def test_a_model_whose_server_answers_wrongly_is_not_published(
    s3: S3Client, models: SampleModels, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    data = run_job(lying(), models.dense, output)
    assert publish(s3, data, output) is None
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket="models")["Contents"]]
    assert all(key.startswith("dense-1/builds/") for key in keys)
    outcome = json.loads(read(s3, "dense-1/builds/b-1/outcome.json"))
    assert outcome["exitCode"] == ExitCode.UNSUPPORTED
    assert "its answers are others than the optimizer's" in outcome["sentence"]


def test_only_the_program_that_was_tried_is_published(
    s3: S3Client, built: tuple[dict[str, Any], Path], output: Path
) -> None:
    data, _ = built
    program = output / "server" / "tensorflow_model_server"
    program.write_bytes(b"#!/bin/sh\n")
    with pytest.raises(OptimizerError, match=r"tensorflow_model_server has the SHA-256 .*, and the run left"):
        publish(s3, data, output)

    write_checksums(output)
    with pytest.raises(OptimizerError, match="is not the server that was tried on the model"):
        publish(s3, data, output)

    program.write_bytes(stand_in())
    write_checksums(output)
    with pytest.raises(BadInputError, match=r"its server is .* and the job asks for None"):
        publish(s3, {**data, "server": None}, output)

    s3.put_object(Bucket="models", Key=KEY, Body=b"another program")
    with pytest.raises(ObjectExistsError, match="exists with other content"):
        publish(s3, data, output)
    assert not [item for item in s3.list_objects_v2(Bucket="models")["Contents"] if "manifest" in item["Key"]]
