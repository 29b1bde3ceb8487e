"""Files that `publish` leaves for a layer, a server and an archive; the same model makes the same bytes."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from publishing_samples import KEY, PREFIX, SAVED_MODEL, job_data, read, read_json, sha256
from tensorflow_optimizer.documents.manifest import Manifest, ModelDescription
from tensorflow_optimizer.publishing.publish import publish_build
from tensorflow_optimizer.publishing.target import Target
from tensorflow_optimizer.storage.checksums import write_checksums
from tensorflow_optimizer.storage.s3 import Bucket

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mypy_boto3_s3 import S3Client
    from tensorflow_optimizer.documents.record import Record
    from tensorflow_optimizer.storage.stored_object import StoredObject

    Release = Callable[..., Record | None]
    Keys = Callable[..., list[str]]
    MakeOutput = Callable[..., Path]


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
        f"{PREFIX}/litert/1/SHA256SUMS",
        f"{PREFIX}/litert/1/bom.cdx.json",
        f"{PREFIX}/litert/1/layer.zip",
        f"{PREFIX}/litert/1/manifest.json",
        f"{PREFIX}/litert/1/model.json",
        f"{PREFIX}/litert/1/model.tflite",
        f"{PREFIX}/litert/1/openapi.json",
        f"{PREFIX}/litert/1/provenance.json",
    ]
    record = read_json(s3, f"{PREFIX}/keys/{KEY}/1.json")
    layer = s3.head_object(Bucket="models", Key=f"{PREFIX}/litert/1/layer.zip")
    assert record == {
        **dict.fromkeys(("ArchiveKey", "ArchiveSha256", "GoldenKey", "ServerKey", "ServerSha256", "Isolation"), ""),
        "Status": "SUCCEEDED",
        "ChecksumsSha256": sha256(read(s3, f"{PREFIX}/litert/1/SHA256SUMS")),
        "Version": "1",
        "KeyPrefix": f"{PREFIX}/litert/1/",
        "ManifestKey": f"{PREFIX}/litert/1/manifest.json",
        "ManifestSha256": sha256(read(s3, f"{PREFIX}/litert/1/manifest.json")),
        "LayerKey": f"{PREFIX}/litert/1/layer.zip",
        "LayerObjectVersion": layer["VersionId"],
        "Runtime": "native",
        "ReportKey": f"{PREFIX}/builds/b-1/report.html",
        "BuildUrl": "https://console.example/build",
        "Summary": "float16, 1.0 kB (÷2.0), accuracy 98.30 % → 98.20 %, native",
    }


def test_the_layer_holds_what_the_handler_reads_and_the_manifest_lists_it(
    s3: S3Client, release: Release, make_output: MakeOutput
) -> None:
    release(make_output())

    content = read(s3, f"{PREFIX}/litert/1/layer.zip")
    manifest = Manifest.model_validate(read_json(s3, f"{PREFIX}/litert/1/manifest.json"))
    with zipfile.ZipFile(io.BytesIO(content)) as layer:
        inside = {name: layer.read(name) for name in layer.namelist()}
        assert all(entry.external_attr >> 16 == 0o100644 for entry in layer.infolist())
    assert set(inside) == {"ml/model/model.tflite", "ml/model/model.json", "ml/model/openapi.json"}
    description = ModelDescription.model_validate_json(inside["ml/model/model.json"])
    assert (description.model, description.version, description.runtime) == ("digits", 1, "native")
    checksums = read(s3, f"{PREFIX}/litert/1/SHA256SUMS")
    beside = {name.removeprefix("ml/model/"): data for name, data in inside.items()}
    assert {file.path: (file.size, file.sha256) for file in manifest.files} == {
        "layer.zip": (len(content), sha256(content)),
        **{f"layer.zip!/{name}": (len(data), sha256(data)) for name, data in inside.items()},
        **{name: (len(data), sha256(data)) for name, data in beside.items()},
        "SHA256SUMS": (len(checksums), sha256(checksums)),
    }
    assert (manifest.version, manifest.build_id, manifest.build_key) == (1, "b-1", KEY)


def test_a_litert_model_is_next_to_its_layer_as_files_with_checksums(
    s3: S3Client, release: Release, make_output: MakeOutput, tmp_path: Path
) -> None:
    release(make_output())

    for name in ("model.tflite", "model.json", "openapi.json", "SHA256SUMS"):
        (tmp_path / name).write_bytes(read(s3, f"{PREFIX}/litert/1/{name}"))
    with zipfile.ZipFile(io.BytesIO(read(s3, f"{PREFIX}/litert/1/layer.zip"))) as layer:
        assert layer.read("ml/model/model.tflite") == (tmp_path / "model.tflite").read_bytes()
        assert layer.read("ml/model/model.json") == (tmp_path / "model.json").read_bytes()
    assert (
        subprocess.run(["sha256sum", "-c", "--strict", "--quiet", "SHA256SUMS"], cwd=tmp_path, check=False).returncode
        == 0
    )
    (tmp_path / "model.tflite").write_bytes(b"another model")
    assert subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=tmp_path, check=False).returncode == 1


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
    (output / "golden.json").write_text('{"requests": []}')
    write_checksums(output)

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
        "saved_model/1/openapi.json",
        "saved_model/1/bom.cdx.json",
        "saved_model/1/provenance.json",
        "saved_model/1/manifest.json",
        f"keys/{KEY}/1.json",
    ]
    assert record.checksums_sha256 == sha256(read(s3, f"{PREFIX}/saved_model/1/SHA256SUMS"))
    assert record.archive_sha256 == sha256(read(s3, f"{PREFIX}/archive/1.tar.gz"))
    assert (record.archive_key, record.golden_key) == (f"{PREFIX}/archive/1.tar.gz", f"{PREFIX}/golden/1.json")
    assert (record.layer_key, record.layer_object_version, record.runtime) == ("", "", "")


def test_the_archive_has_its_own_checksum(
    s3: S3Client, release: Release, make_output: MakeOutput, tmp_path: Path
) -> None:
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
    from tensorflow_optimizer.documents.job import Job

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
