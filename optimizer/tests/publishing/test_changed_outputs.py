"""`publish` believes nothing of an output directory that the run did not leave there, and follows no link out of it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from cdk_tensorflow_shared.build_key import build_key
from publishing_samples import KEY, PREFIX, SAVED_MODEL, job_data, read, read_json, sha256
from tensorflow_optimizer.command_line.app import app
from tensorflow_optimizer.documents.job import Job
from tensorflow_optimizer.documents.outcome import Outcome
from tensorflow_optimizer.errors import ExitCode, OptimizerError
from tensorflow_optimizer.publishing import output as output_module
from tensorflow_optimizer.publishing.output import TakenOutput
from tensorflow_optimizer.publishing.publish import publish_build
from tensorflow_optimizer.publishing.record import find_complete
from tensorflow_optimizer.publishing.summary import summarize_isolation
from tensorflow_optimizer.publishing.target import Target
from tensorflow_optimizer.storage.checksums import write_checksums
from tensorflow_optimizer.storage.s3 import Bucket
from tensorflow_optimizer.storage.storage_errors import StorageError
from typer.testing import CliRunner

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mypy_boto3_s3 import S3Client
    from tensorflow_optimizer.documents.record import Record
    from tensorflow_optimizer.storage.stored_object import StoredObject

    Release = Callable[..., Record | None]
    Keys = Callable[..., list[str]]
    MakeOutput = Callable[..., Path]

SECRET = b"the secret of another user"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file beside the output directory that nothing may read or write."""
    file = tmp_path / "outside"
    file.write_bytes(SECRET)
    return file


def published(keys: Keys) -> list[str]:
    """Return what lies in the bucket besides reports."""
    return [key for key in keys() if not key.startswith(f"{PREFIX}/builds/")]


def contents(s3: S3Client, keys: Keys) -> bytes:
    return b"".join(read(s3, key) for key in keys())


@pytest.mark.parametrize("name", ["manifest.json", "record.json"])
def test_a_link_in_the_place_of_what_publish_writes_is_replaced_and_not_followed(
    release: Release, make_output: MakeOutput, outside: Path, name: str
) -> None:
    output = make_output()
    (output / name).symlink_to(outside)

    assert release(output) is not None

    assert outside.read_bytes() == SECRET
    assert not (output / name).is_symlink()
    assert json.loads((output / name).read_bytes())


@pytest.mark.parametrize("name", ["manifest.json", "record.json"])
def test_a_directory_in_the_place_of_what_publish_writes_is_one_sentence(
    release: Release, make_output: MakeOutput, name: str
) -> None:
    output = make_output()
    (output / name).mkdir()

    with pytest.raises(OptimizerError, match=rf"{name} cannot be written"):
        release(output)


@pytest.mark.parametrize(
    "name", ["outcome.json", "draft.json", "golden.json", "profile.json", "report/report.html", "model/model.tflite"]
)
@pytest.mark.parametrize("kind", ["link", "hard link", "pipe", "directory"])
def test_only_regular_files_with_one_name_are_published(
    s3: S3Client, release: Release, make_output: MakeOutput, keys: Keys, outside: Path, name: str, kind: str
) -> None:
    output = make_output()
    for optional in ("golden.json", "profile.json"):
        (output / optional).write_text("{}")
    write_checksums(output)
    (output / name).unlink()
    match kind:
        case "link":
            (output / name).symlink_to(outside)
        case "hard link":
            (output / name).hardlink_to(outside)
        case "pipe":
            os.mkfifo(output / name)
        case "directory":
            (output / name).mkdir()

    with pytest.raises(OptimizerError, match=rf"{name} (is a link|is not a regular file|has 2 names)"):
        release(output)

    assert published(keys) == []
    assert SECRET not in contents(s3, keys)


@pytest.mark.parametrize("directory", ["model", "report", "model/variables"])
def test_a_directory_that_is_a_link_is_not_entered(
    s3: S3Client, release: Release, make_output: MakeOutput, keys: Keys, directory: str
) -> None:
    output = make_output(job=SAVED_MODEL)
    elsewhere = output.parent / "elsewhere"
    (output / directory).rename(elsewhere)
    (output / directory).symlink_to(elsewhere)

    with pytest.raises(OptimizerError, match="is a link, or below one"):
        release(output, job=SAVED_MODEL)

    assert published(keys) == []


@pytest.mark.parametrize(
    "name",
    ["outcome.json", "draft.json", "golden.json", "profile.json", "report/report.html", "model/model.tflite"],
)
def test_a_file_that_was_changed_after_the_run_is_refused(
    release: Release, make_output: MakeOutput, keys: Keys, name: str
) -> None:
    output = make_output()
    for optional in ("golden.json", "profile.json"):
        (output / optional).write_text("{}")
    write_checksums(output)
    content = (output / name).read_bytes()
    (output / name).write_bytes(content.replace(b"TFL3", b"TFL4") + b" ")

    with pytest.raises(OptimizerError, match=rf"{name} has the SHA-256 [0-9a-f]+, and the run left"):
        release(output)

    assert published(keys) == []


def test_files_that_the_run_did_not_leave_are_not_published(
    release: Release, make_output: MakeOutput, keys: Keys
) -> None:
    output = make_output(job=SAVED_MODEL)
    for name in ("golden.json", "profile.json", "model/assets.extra/program", "server/tensorflow_model_server", "x"):
        (output / name).parent.mkdir(exist_ok=True)
        (output / name).write_text("{}")
    (output / "model" / "link").symlink_to("/etc/passwd")

    assert release(output, job=SAVED_MODEL) is not None

    assert not [key for key in keys() if "golden" in key or "profile" in key or "program" in key or "link" in key]
    assert keys("shared/") == []


def test_a_report_that_the_run_did_not_leave_is_refused(release: Release, make_output: MakeOutput, keys: Keys) -> None:
    output = make_output()
    (output / "report" / "report.html").unlink()
    write_checksums(output)
    (output / "report" / "report.html").write_text("<script>")

    with pytest.raises(OptimizerError, match=r"report\.html is not a file that the run left"):
        release(output)

    assert published(keys) == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "SHA256SUMS is missing"),
        ("", "is not a list of 1 to"),
        ("nonsense\n", "is not a list of 1 to"),
        ("{sha}  model/model.tflite\n{sha}  model/model.tflite\n", "is not a list of 1 to"),
        ("{sha}  ../outside\n", "lists '../outside', which no run leaves"),
        ("{sha}  model/../../outside\n", "which no run leaves"),
        ("{sha}  /etc/passwd\n", "which no run leaves"),
        ("{sha}  other.json\n", "lists 'other.json', which no run leaves"),
        ("{sha}  report/other.html\n", "which no run leaves"),
        ("{sha}  server/other\n", "which no run leaves"),
        ("{sha}  SHA256SUMS\n", "which no run leaves"),
        ("{sha}  model/" + "d/" * 16 + "f\n", "which no run leaves"),
        ("{sha}  model/\x1b[31m\n", "which no run leaves"),
        ("{sha}  model/absent\n", "model/absent is missing"),
    ],
)
def test_a_list_that_no_run_writes_is_refused(
    release: Release, make_output: MakeOutput, keys: Keys, outside: Path, text: str | None, sentence: str
) -> None:
    output = make_output()
    (output / "SHA256SUMS").unlink()
    if text is not None:
        (output / "SHA256SUMS").write_text(text.replace("{sha}", sha256(SECRET)))

    with pytest.raises(OptimizerError) as caught:
        release(output)

    assert sentence in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert published(keys) == []


def test_a_file_beyond_its_largest_size_is_refused(
    release: Release, make_output: MakeOutput, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output_module, "_LARGEST_OUTPUT", 1_000_000)
    output = make_output()
    (output / "model" / "model.tflite").write_bytes(bytes(1_000_000))
    write_checksums(output)

    with pytest.raises(OptimizerError, match=r"model\.tflite has 1,000,000 bytes, and at most 9\d\d,\d+ can"):
        release(output)

    assert published(keys) == []


def test_a_file_that_grows_while_it_is_read_is_refused(
    make_output: MakeOutput, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = make_output()
    model = output / "model" / "model.tflite"
    genuine = os.read

    def read_after_growth(descriptor: int, size: int) -> bytes:
        with model.open("ab") as file:
            file.write(b"more")
        return genuine(descriptor, size)

    (tmp_path / "copies").mkdir()
    taken = TakenOutput(output, tmp_path / "copies")
    monkeypatch.setattr(output_module.os, "read", read_after_growth)
    with pytest.raises(OptimizerError, match="changed while it was read"):
        taken.take("model/model.tflite")
    taken.close()


def test_what_is_rewritten_during_the_upload_is_published_as_it_was_checked(
    s3: S3Client, release: Release, make_output: MakeOutput, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that the model left behind keeps a file open, and writes into it once it was compared."""
    output = make_output()
    checked = (output / "model" / "model.tflite").read_bytes()
    genuine = Bucket.create

    def create(bucket: Bucket, key: str, *arguments: Any) -> StoredObject:
        if "/builds/" not in key:
            for name in ("model/model.tflite", "draft.json", "SHA256SUMS"):
                (output / name).write_bytes(b"a program of the model's")
        return genuine(bucket, key, *arguments)

    monkeypatch.setattr(Bucket, "create", create)
    record = release(output)

    assert record is not None
    assert read(s3, f"{PREFIX}/litert/1/model.tflite") == checked


def test_the_copy_lies_outside_of_the_output_and_is_closed_to_others(
    release: Release, make_output: MakeOutput, monkeypatch: pytest.MonkeyPatch
) -> None:
    output, seen = make_output(), []
    genuine = Bucket.create

    def create(bucket: Bucket, key: str, content: Any, *arguments: Any) -> StoredObject:
        seen.extend(path for path in output.parent.glob(".publish-*"))
        assert not list(output.rglob(".publish-*"))
        assert all(path.stat().st_mode & 0o077 == 0 for path in seen)
        return genuine(bucket, key, content, *arguments)

    monkeypatch.setattr(Bucket, "create", create)
    release(output)

    assert seen
    assert not [path for path in seen if path.exists()]


def test_a_file_that_changes_during_an_upload_in_parts_creates_no_object(s3: S3Client, tmp_path: Path) -> None:
    file = tmp_path / "large"
    file.write_bytes(bytes(12 << 20))
    bucket = Bucket("models", s3, single_request_limit=1 << 20, part_size=5 << 20)
    genuine = s3.upload_part

    def upload_part(**request: Any) -> Any:
        if request["PartNumber"] == 1:
            with file.open("r+b") as changed:
                changed.seek(11 << 20)
                changed.write(b"another")
        return genuine(**request)

    s3.upload_part = upload_part  # type: ignore[method-assign]
    with pytest.raises(StorageError, match="changed while it was uploaded"):
        bucket.create("large", file)

    assert s3.list_objects_v2(Bucket="models").get("Contents", []) == []
    assert s3.list_multipart_uploads(Bucket="models").get("Uploads", []) == []


@pytest.mark.fault
@pytest.mark.parametrize("succeeding", ["0", "", None])
def test_a_failed_build_publishes_nothing_whatever_its_output_says(
    make_output: MakeOutput, tmp_path: Path, keys: Keys, monkeypatch: pytest.MonkeyPatch, succeeding: str | None
) -> None:
    """CodeBuild runs post_build after a failed build, too."""
    config = tmp_path / "job.json"
    config.write_text(json.dumps(job_data()))
    monkeypatch.setenv("CODEBUILD_BUILD_ID", "Optimizer:b-1")
    if succeeding is None:
        monkeypatch.delenv("CODEBUILD_BUILD_SUCCEEDING", raising=False)
    else:
        monkeypatch.setenv("CODEBUILD_BUILD_SUCCEEDING", succeeding)
    arguments = ["publish", "--output", str(make_output()), "--config", str(config), "--bucket", "models"]

    failed = CliRunner().invoke(app, [*arguments, "--model-prefix", PREFIX, "--build-id", "b-1"])

    assert failed.exit_code == 1
    assert "the build has failed (CODEBUILD_BUILD_SUCCEEDING is not 1)" in failed.output
    assert published(keys) == []
    assert f"{PREFIX}/builds/b-1/report.html" in keys()

    monkeypatch.setenv("CODEBUILD_BUILD_SUCCEEDING", "1")
    again = CliRunner().invoke(app, [*arguments, "--model-prefix", PREFIX, "--build-id", "b-2"])
    assert again.exit_code == 0, again.output
    assert f"{PREFIX}/keys/{build_key(job_data())}/1.json" in keys()


@pytest.mark.parametrize("mark", [None, "", "FAILED", "succeeded", True])
def test_a_record_without_the_mark_is_not_adopted_and_its_inputs_are_published_again(
    s3: S3Client, release: Release, make_output: MakeOutput, mark: Any
) -> None:
    release(make_output("one"), "b-1")
    path = f"{PREFIX}/keys/{KEY}/1.json"
    record = read_json(s3, path)
    del record["Status"]
    s3.put_object(
        Bucket="models", Key=path, Body=json.dumps(record | ({} if mark is None else {"Status": mark})).encode()
    )

    assert find_complete(Bucket("models", s3), PREFIX, KEY) is None
    again = release(make_output("two"), "b-2")

    assert again is not None
    assert (again.version, again.status) == ("2", "SUCCEEDED")


def test_the_mark_is_the_last_that_is_written(
    release: Release, make_output: MakeOutput, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    genuine = Bucket.create

    def create(bucket: Bucket, key: str, *arguments: Any) -> StoredObject:
        written.append(key)
        return genuine(bucket, key, *arguments)

    monkeypatch.setattr(Bucket, "create", create)
    release(make_output())

    assert written[-2:] == [f"{PREFIX}/litert/1/manifest.json", f"{PREFIX}/keys/{KEY}/1.json"]


def test_record_and_manifest_say_which_layers_isolated_the_model(s3: S3Client, make_output: MakeOutput) -> None:
    layers = {"user": "on", "network": "off: it needs CAP_SYS_ADMIN", "calls": "on"}
    output = make_output()
    outcome = Outcome(exit_code=ExitCode.DONE, sentence="done", isolation=layers)
    (output / "outcome.json").write_text(outcome.to_json())
    write_checksums(output)

    target = Target(Bucket("models", s3), PREFIX, "b-1", KEY)
    record = publish_build(target, Job.model_validate(job_data()), output, None, lambda _: None)

    assert record is not None
    assert record.isolation == "calls, user on; network off (it needs CAP_SYS_ADMIN)"
    assert read_json(s3, record.manifest_key)["extra"]["isolation"] == layers


def test_a_long_reason_leaves_room_in_the_record() -> None:
    assert len(summarize_isolation({"user": f"off: {'x' * 1000}"})) == 300
    assert summarize_isolation({}) == ""


def test_the_provenance_has_the_digests_of_outcome_and_report(
    s3: S3Client, release: Release, make_output: MakeOutput
) -> None:
    """The manifest has the digest of the provenance, and the signature that of the manifest."""
    release(make_output())

    byproducts = read_json(s3, f"{PREFIX}/litert/1/provenance.json")["predicate"]["runDetails"]["byproducts"]

    found = {entry["name"]: entry["digest"]["sha256"] for entry in byproducts}
    expected = ["junit.xml", "model-card.md", "outcome.json", "report.html", "report.json"]
    assert found == {name: sha256(read(s3, f"{PREFIX}/builds/b-1/{name}")) for name in expected}
