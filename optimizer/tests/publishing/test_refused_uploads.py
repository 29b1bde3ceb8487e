"""`publish`: what is damaged, foreign or does not fit is not taken, and nothing is replaced."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from publishing_samples import KEY, PREFIX, job_data, read, read_json, sha256
from tensorflow_optimizer.documents.job import Packaging
from tensorflow_optimizer.documents.manifest import Manifest
from tensorflow_optimizer.errors import ExitCode, OptimizerError
from tensorflow_optimizer.fetching.fetched import Fetched, FetchedInput, FetchedObject, IdentityCheck
from tensorflow_optimizer.publishing.publish import publish_build
from tensorflow_optimizer.publishing.target import Target
from tensorflow_optimizer.storage.s3 import Bucket
from tensorflow_optimizer.storage.storage_errors import ObjectExistsError, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mypy_boto3_s3 import S3Client
    from tensorflow_optimizer.documents.record import Record

    Release = Callable[..., Record | None]
    Keys = Callable[..., list[str]]
    MakeOutput = Callable[..., Path]


def damage_layer(s3: S3Client) -> None:
    s3.delete_object(Bucket="models", Key=f"{PREFIX}/litert/1/layer.zip")


def damage_manifest(s3: S3Client) -> None:
    s3.put_object(Bucket="models", Key=f"{PREFIX}/litert/1/manifest.json", Body=b"{}")


def damage_layer_version(s3: S3Client) -> None:
    """Replaces the layer by equal content: functions have the version that the record names, which is gone."""
    key = f"{PREFIX}/litert/1/layer.zip"
    recorded = s3.head_object(Bucket="models", Key=key)["VersionId"]
    s3.put_object(Bucket="models", Key=key, Body=read(s3, key))
    s3.delete_object(Bucket="models", Key=key, VersionId=recorded)


def damage_record(s3: S3Client) -> None:
    s3.put_object(Bucket="models", Key=f"{PREFIX}/keys/{KEY}/1.json", Body=b'{"Version": "1"}')


def damage_schema(s3: S3Client) -> None:
    manifest = read_json(s3, f"{PREFIX}/litert/1/manifest.json") | {"schemaVersion": 2}
    text = json.dumps(manifest).encode()
    s3.put_object(Bucket="models", Key=f"{PREFIX}/litert/1/manifest.json", Body=text)
    record = read_json(s3, f"{PREFIX}/keys/{KEY}/1.json") | {"ManifestSha256": sha256(text)}
    s3.put_object(Bucket="models", Key=f"{PREFIX}/keys/{KEY}/1.json", Body=json.dumps(record).encode())


@pytest.mark.fault
@pytest.mark.parametrize("damage", [damage_layer, damage_manifest, damage_layer_version, damage_record, damage_schema])
def test_a_record_with_missing_files_is_not_adopted(
    s3: S3Client, release: Release, make_output: MakeOutput, damage: Callable[[S3Client], None]
) -> None:
    release(make_output("one"), "b-1")
    damage(s3)

    record = release(make_output("two"), "b-2")

    assert record is not None
    assert record.version == "2"


@pytest.mark.fault
@pytest.mark.parametrize(
    "foreign",
    [
        "litert/1/layer.zip",
        "saved_model/1/x",
        "archive/1.tar.gz",
        "golden/1.json",
        "pruned/1.json",
        f"keys/{KEY}/1.json",
    ],
)
def test_a_foreign_object_in_the_way_is_kept_and_passed_over(
    s3: S3Client, release: Release, make_output: MakeOutput, foreign: str
) -> None:
    s3.put_object(Bucket="models", Key=f"{PREFIX}/{foreign}", Body=b"somebody else's")

    record = release(make_output())

    assert read(s3, f"{PREFIX}/{foreign}") == b"somebody else's"
    assert record is not None
    assert record.version == "2"


def test_foreign_objects_under_fifty_numbers_are_an_error_with_a_way_out(
    s3: S3Client, release: Release, make_output: MakeOutput, keys: Keys
) -> None:
    for number in range(1, 51):
        s3.put_object(Bucket="models", Key=f"{PREFIX}/litert/{number}/x", Body=b"")
    output = make_output()

    with pytest.raises(StorageError, match="publish again, which goes on from there"):
        release(output)

    record = release(output)
    assert record is not None
    assert record.version == "51"


def test_a_build_id_is_not_used_for_two_builds(release: Release, make_output: MakeOutput) -> None:
    release(make_output("one"), "b-1")

    with pytest.raises(ObjectExistsError, match="publish under another build id"):
        release(make_output("two", exit_code=ExitCode.GATE), "b-1")


def test_a_bucket_without_versions_is_refused(s3: S3Client, make_output: MakeOutput) -> None:
    from tensorflow_optimizer.documents.job import Job

    s3.create_bucket(Bucket="plain", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    target = Target(Bucket("plain", s3), PREFIX, "b-1", KEY)

    with pytest.raises(OptimizerError, match="turn on versioning"):
        publish_build(target, Job.model_validate(job_data()), make_output(), None, lambda _: None)


def test_the_objects_read_from_s3_are_in_the_manifest(s3: S3Client, make_output: MakeOutput) -> None:
    from tensorflow_optimizer.documents.job import Job

    stored = FetchedObject(key="m.zip", version="v-7", size=9, sha256="f" * 64, checks=["size"])
    fetched = Fetched(
        source=FetchedInput(
            packaging=Packaging.ZIP,
            bucket="inputs",
            key="m.zip",
            identity=IdentityCheck.NONE,
            digest="e" * 64,
            files=2,
            size=20,
            objects=[stored],
        )
    )
    target = Target(Bucket("models", s3), PREFIX, "b-1", KEY)
    record = publish_build(target, Job.model_validate(job_data()), make_output(), fetched, lambda _: None)

    assert record is not None
    manifest = Manifest.model_validate(read_json(s3, record.manifest_key))
    assert manifest.source.object_version == "v-7"
    assert manifest.extra["fetched"]["source"]["objects"][0]["sha256"] == "f" * 64


def test_an_output_of_another_job_is_refused(release: Release, make_output: MakeOutput, keys: Keys) -> None:
    with pytest.raises(OptimizerError, match="its architecture is x86_64, and the job asks for arm64"):
        release(make_output(), job=job_data(architecture="arm64"))

    assert keys(f"{PREFIX}/claims/") == []


def test_the_same_build_published_twice_changes_nothing(release: Release, make_output: MakeOutput, keys: Keys) -> None:
    output = make_output()
    first, before = release(output), keys()

    assert release(output) == first
    assert keys() == before


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        ({"prefix": "../x"}, "model prefix"),
        ({"prefix": ""}, "model prefix"),
        ({"build_id": "a/b"}, "build id"),
        ({"build_key": "abc"}, "build key"),
    ],
)
def test_names_that_would_put_objects_elsewhere_are_refused(
    s3: S3Client, names: dict[str, str], complaint: str
) -> None:
    usual: dict[str, Any] = {"prefix": PREFIX, "build_id": "b", "build_key": KEY}
    with pytest.raises(OptimizerError, match=complaint):
        Target(bucket=Bucket("models", s3), **{**usual, **names})


def test_the_record_stays_within_the_limits_of_cloudformation(release: Release, make_output: MakeOutput) -> None:
    record = release(make_output())

    assert record is not None
    assert all(isinstance(value, str) for value in json.loads(record.to_bytes()).values())
    with pytest.raises(OptimizerError, match="shorter model prefix"):
        record.model_copy(update={"key_prefix": "x" * 3000}).to_bytes()
