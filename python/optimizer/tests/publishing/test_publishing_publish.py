"""`publish`: complete versions or none, nothing replaced, and the same answer for the same inputs."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import tarfile
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from publishing_samples import KEY, PREFIX, job_data, read_json
from tensorflow_optimizer.config import Packaging
from tensorflow_optimizer.errors import OptimizerError
from tensorflow_optimizer.manifest import Manifest, ModelDescription
from tensorflow_optimizer.outcome import ExitCode
from tensorflow_optimizer.publishing.fetched import Fetched, FetchedInput, FetchedObject, IdentityCheck
from tensorflow_optimizer.publishing.publish import Target, publish_build
from tensorflow_optimizer.publishing.s3 import Bucket
from tensorflow_optimizer.publishing.storage_errors import ObjectExistsError, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mypy_boto3_s3 import S3Client
    from tensorflow_optimizer.publishing.record import Record
    from tensorflow_optimizer.publishing.stored_object import StoredObject

    Release = Callable[..., Record | None]
    Keys = Callable[..., list[str]]
    MakeOutput = Callable[..., Path]

SAVED_MODEL = job_data(format="saved_model")
ATTRIBUTES = [
    "Version",
    "KeyPrefix",
    "ManifestKey",
    "ManifestSha256",
    "ChecksumsSha256",
    "LayerKey",
    "LayerObjectVersion",
    "Runtime",
    "ArchiveKey",
    "ArchiveSha256",
    "GoldenKey",
    "ServerKey",
    "ServerSha256",
    "SizeBytes",
    "ReportKey",
    "BuildUrl",
    "Summary",
]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def read(s3: S3Client, key: str) -> bytes:
    return s3.get_object(Bucket="models", Key=key)["Body"].read()


def test_a_litert_model_becomes_a_layer_a_manifest_and_a_record(
    s3: S3Client, release: Release, make_output: MakeOutput, keys: Keys
) -> None:
    release(make_output())

    assert keys() == [
        f"{PREFIX}/builds/b-1/junit.xml",
        f"{PREFIX}/builds/b-1/model-card.md",
        f"{PREFIX}/builds/b-1/outcome.json",
        f"{PREFIX}/builds/b-1/report.html",
        f"{PREFIX}/builds/b-1/report.json",
        f"{PREFIX}/claims/1",
        f"{PREFIX}/keys/{KEY}/1.json",
        f"{PREFIX}/litert/1/layer.zip",
        f"{PREFIX}/litert/1/manifest.json",
    ]
    record = read_json(s3, f"{PREFIX}/keys/{KEY}/1.json")
    layer = s3.head_object(Bucket="models", Key=f"{PREFIX}/litert/1/layer.zip")
    assert record == {
        **dict.fromkeys(ATTRIBUTES, ""),
        "Version": "1",
        "KeyPrefix": f"{PREFIX}/litert/1/",
        "ManifestKey": f"{PREFIX}/litert/1/manifest.json",
        "ManifestSha256": sha256(read(s3, f"{PREFIX}/litert/1/manifest.json")),
        "LayerKey": f"{PREFIX}/litert/1/layer.zip",
        "LayerObjectVersion": layer["VersionId"],
        "Runtime": "nano",
        "SizeBytes": "1000",
        "ReportKey": f"{PREFIX}/builds/b-1/report.html",
        "BuildUrl": "https://console.example/build",
        "Summary": "float16, 1.0 kB (÷2.0), accuracy 98.30 % → 98.20 %, nano",
    }
    assert list(record) == ATTRIBUTES


def test_the_layer_holds_what_the_handler_reads_and_the_manifest_lists_it(
    s3: S3Client, release: Release, make_output: MakeOutput
) -> None:
    release(make_output())

    content = read(s3, f"{PREFIX}/litert/1/layer.zip")
    manifest = Manifest.model_validate(read_json(s3, f"{PREFIX}/litert/1/manifest.json"))
    with zipfile.ZipFile(io.BytesIO(content)) as layer:
        inside = {name: layer.read(name) for name in layer.namelist()}
        assert all(entry.external_attr >> 16 == 0o100644 for entry in layer.infolist())
    assert set(inside) == {"ml/model/model.tflite", "ml/model/model.json"}
    description = ModelDescription.model_validate_json(inside["ml/model/model.json"])
    assert (description.model, description.version, description.runtime) == ("digits", 1, "nano")
    assert {file.path: (file.size, file.sha256) for file in manifest.files} == {
        "layer.zip": (len(content), sha256(content)),
        **{f"layer.zip!/{name}": (len(data), sha256(data)) for name, data in inside.items()},
    }
    assert (manifest.version, manifest.build_id, manifest.build_key) == (1, "b-1", KEY)


def test_a_saved_model_is_visible_to_a_server_only_when_it_is_whole(
    s3: S3Client, release: Release, make_output: MakeOutput, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    genuine = Bucket.create

    def create(bucket: Bucket, key: str, *arguments: Any) -> StoredObject:
        written.append(key.removeprefix(f"{PREFIX}/"))
        return genuine(bucket, key, *arguments)

    monkeypatch.setattr(Bucket, "create", create)
    output = make_output(job=SAVED_MODEL)
    (output / "golden.json").write_text("[]")

    record = release(output, job=SAVED_MODEL)

    assert record is not None
    assert [key for key in written if not key.startswith("builds/")] == [
        "claims/1",
        "golden/1.json",
        "archive/1.tar.gz",
        "saved_model/1/variables/variables.data-00000-of-00001",
        "saved_model/1/variables/variables.index",
        "saved_model/1/assets/words.txt",
        "saved_model/1/fingerprint.pb",
        "saved_model/1/saved_model.pb",
        "saved_model/1/SHA256SUMS",
        "saved_model/1/manifest.json",
        f"keys/{KEY}/1.json",
    ]
    assert record.checksums_sha256 == sha256(read(s3, f"{PREFIX}/saved_model/1/SHA256SUMS"))
    assert record.archive_sha256 == sha256(read(s3, f"{PREFIX}/archive/1.tar.gz"))
    assert (record.archive_key, record.golden_key) == (f"{PREFIX}/archive/1.tar.gz", f"{PREFIX}/golden/1.json")
    assert (record.layer_key, record.layer_object_version, record.runtime) == ("", "", "")


def test_the_archive_proves_itself(s3: S3Client, release: Release, make_output: MakeOutput, tmp_path: Path) -> None:
    release(make_output(job=SAVED_MODEL), job=SAVED_MODEL)

    with tarfile.open(fileobj=io.BytesIO(read(s3, f"{PREFIX}/archive/1.tar.gz"))) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    checked = subprocess.run(
        ["sha256sum", "-c", "--strict", "SHA256SUMS"],
        cwd=tmp_path / "unpacked",
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    assert len(checked.stdout.splitlines()) == 5


@pytest.mark.parametrize(("job", "made"), [(job_data(), "litert/1/layer.zip"), (SAVED_MODEL, "archive/1.tar.gz")])
def test_the_same_model_makes_the_same_bytes(
    s3: S3Client, make_output: MakeOutput, job: dict[str, Any], made: str
) -> None:
    from tensorflow_optimizer.config import Job

    contents = []
    for index, mask in enumerate((0o022, 0o077)):
        before = os.umask(mask)
        output = make_output(f"out{index}", job=job)
        for path in output.rglob("*"):
            os.utime(path, (1e9 + index * 1e6, 1e9 + index * 1e6))
        target = Target(Bucket("models", s3), f"p{index}", "b", KEY)
        publish_build(target, Job.model_validate(job), output, None, lambda _: None)
        os.umask(before)
        contents.append(read(s3, f"p{index}/{made}"))

    assert contents[0] == contents[1]


@pytest.mark.parametrize("exit_code", [code for code in ExitCode if code is not ExitCode.DONE])
def test_a_build_that_did_not_end_well_publishes_its_report_and_nothing_else(
    release: Release, make_output: MakeOutput, keys: Keys, exit_code: ExitCode
) -> None:
    assert release(make_output(exit_code=exit_code)) is None

    assert {key.rsplit("/", 2)[0] for key in keys()} == {f"{PREFIX}/builds"}
    assert f"{PREFIX}/builds/b-1/report.html" in keys()


def test_the_same_inputs_are_answered_by_the_same_record(
    s3: S3Client, release: Release, make_output: MakeOutput, keys: Keys
) -> None:
    first = release(make_output("one"), "b-1")
    before = keys(f"{PREFIX}/litert/") + keys(f"{PREFIX}/claims/")

    second = release(make_output("two"), "b-2")

    assert second == first
    assert keys(f"{PREFIX}/litert/") + keys(f"{PREFIX}/claims/") == before
    assert f"{PREFIX}/builds/b-2/report.html" in keys()


def test_one_counter_over_all_formats_and_keys(release: Release, make_output: MakeOutput, keys: Keys) -> None:
    release(make_output("one"), "b-1")
    other = release(make_output("two", job=SAVED_MODEL), "b-2", key="b" * 64, job=SAVED_MODEL)

    assert other is not None
    assert other.version == "2"
    assert keys(f"{PREFIX}/claims/") == [f"{PREFIX}/claims/1", f"{PREFIX}/claims/2"]


@pytest.mark.parametrize("broken_at", ["layer.zip", "manifest.json", f"keys/{KEY}/1.json"])
def test_a_crash_before_the_record_leaves_a_number_that_is_never_used_again(  # noqa: PLR0917
    s3: S3Client,
    release: Release,
    make_output: MakeOutput,
    keys: Keys,
    monkeypatch: pytest.MonkeyPatch,
    broken_at: str,
) -> None:
    genuine = Bucket.create

    def crash(bucket: Bucket, key: str, *arguments: Any) -> StoredObject:
        if key.endswith(broken_at):
            raise StorageError("the connection broke")
        return genuine(bucket, key, *arguments)

    output = make_output()
    with monkeypatch.context() as patch:
        patch.setattr(Bucket, "create", crash)
        with pytest.raises(StorageError):
            release(output)
    assert not [path for path in output.iterdir() if path.name.startswith(".publish")]

    record = release(output)

    assert record is not None
    assert record.version == "2"
    assert keys(f"{PREFIX}/keys/") == [f"{PREFIX}/keys/{KEY}/2.json"]
    assert read_json(s3, record.manifest_key)["version"] == 2


def test_of_two_builds_at_once_each_gets_a_number_of_its_own(
    s3: S3Client, release: Release, make_output: MakeOutput, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(make_output("one"), "b-1")
    genuine = Bucket.list_objects
    seen: list[str] = []

    def late(bucket: Bucket, prefix: str) -> list[StoredObject]:
        if prefix.endswith("/claims/") and not seen:
            seen.append(prefix)
            return []  # As it was before the other build claimed its number.
        return genuine(bucket, prefix)

    monkeypatch.setattr(Bucket, "list_objects", late)
    record = release(make_output("two"), "b-2", key="b" * 64)

    assert seen
    assert record is not None
    assert record.version == "2"
    assert read_json(s3, f"{PREFIX}/claims/1")["buildId"] == "b-1"
    assert read_json(s3, f"{PREFIX}/claims/2")["buildId"] == "b-2"


def test_of_two_builds_of_the_same_inputs_the_first_to_finish_decides(
    s3: S3Client, release: Release, make_output: MakeOutput, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine = Bucket.create
    first: list[Record | None] = []

    def create(bucket: Bucket, key: str, *arguments: Any) -> StoredObject:
        if key.endswith("/litert/1/manifest.json") and not first:
            first.append(None)  # While this build uploads, the other one runs from start to end.
            first[0] = release(make_output("two"), "b-2")
        return genuine(bucket, key, *arguments)

    monkeypatch.setattr(Bucket, "create", create)
    slow = release(make_output("one"), "b-1")

    assert slow == first[0]
    assert slow is not None
    assert slow.version == "2"
    assert keys(f"{PREFIX}/keys/") == [f"{PREFIX}/keys/{KEY}/2.json"]


def damage_layer(s3: S3Client) -> None:
    s3.delete_object(Bucket="models", Key=f"{PREFIX}/litert/1/layer.zip")


def damage_manifest(s3: S3Client) -> None:
    s3.put_object(Bucket="models", Key=f"{PREFIX}/litert/1/manifest.json", Body=b"{}")


def damage_layer_version(s3: S3Client) -> None:
    key = f"{PREFIX}/litert/1/layer.zip"
    s3.put_object(Bucket="models", Key=key, Body=read(s3, key))


def damage_record(s3: S3Client) -> None:
    s3.put_object(Bucket="models", Key=f"{PREFIX}/keys/{KEY}/1.json", Body=b'{"Version": "1"}')


@pytest.mark.parametrize("damage", [damage_layer, damage_manifest, damage_layer_version, damage_record])
def test_a_record_whose_files_are_not_all_there_is_not_adopted(
    s3: S3Client, release: Release, make_output: MakeOutput, damage: Callable[[S3Client], None]
) -> None:
    release(make_output("one"), "b-1")
    damage(s3)

    record = release(make_output("two"), "b-2")

    assert record is not None
    assert record.version == "2"


def test_a_foreign_object_in_the_way_is_left_alone_and_said(
    s3: S3Client, release: Release, make_output: MakeOutput, keys: Keys
) -> None:
    s3.put_object(Bucket="models", Key=f"{PREFIX}/litert/1/layer.zip", Body=b"somebody else's")
    output = make_output()

    with pytest.raises(ObjectExistsError, match=r"litert/1/layer\.zip exists with other content"):
        release(output)

    assert read(s3, f"{PREFIX}/litert/1/layer.zip") == b"somebody else's"
    assert keys(f"{PREFIX}/keys/") == []
    record = release(output)
    assert record is not None
    assert record.version == "2"


def test_a_build_id_is_not_used_for_two_builds(release: Release, make_output: MakeOutput) -> None:
    release(make_output("one"), "b-1")

    with pytest.raises(ObjectExistsError, match="publish under another build id"):
        release(make_output("two", exit_code=ExitCode.GATE), "b-1")


def test_a_bucket_without_versions_is_refused(s3: S3Client, make_output: MakeOutput) -> None:
    from tensorflow_optimizer.config import Job

    s3.create_bucket(Bucket="plain", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    target = Target(Bucket("plain", s3), PREFIX, "b-1", KEY)

    with pytest.raises(OptimizerError, match="turn on versioning"):
        publish_build(target, Job.model_validate(job_data()), make_output(), None, lambda _: None)


def test_what_was_read_from_s3_ends_up_in_the_manifest(s3: S3Client, make_output: MakeOutput) -> None:
    from tensorflow_optimizer.config import Job

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


def test_the_record_stays_what_cloudformation_can_take(release: Release, make_output: MakeOutput) -> None:
    record = release(make_output())

    assert record is not None
    assert all(isinstance(value, str) for value in json.loads(record.to_bytes()).values())
    with pytest.raises(OptimizerError, match="shorter model prefix"):
        record.model_copy(update={"key_prefix": "x" * 3000}).to_bytes()
