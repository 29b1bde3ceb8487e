"""`fetch`: what lies in S3 arrives whole and as the job says, or the build ends with one sentence."""

from __future__ import annotations

import hashlib
import json
import stat
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from publishing_samples import job_data, make_zip
from tensorflow_optimizer.command_line.app import app
from typer.testing import CliRunner, Result

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

SAVED_MODEL = {"saved_model.pb": b"graph", "variables/variables.index": b"index"}


def run_fetch(tmp_path: Path, data: dict[str, Any]) -> Result:
    (tmp_path / "given.json").write_text(json.dumps(data))
    arguments = ["fetch", "--config", str(tmp_path / "given.json"), "--directory", str(tmp_path / "work")]
    return CliRunner().invoke(app, arguments)


def source(packaging: str, key: str, identity: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    return {"packaging": packaging, "identity": identity or {}, "location": {"bucket": "inputs", "key": key}, **more}


def test_a_zip_is_laid_out_and_what_was_read_is_recorded(s3: S3Client, tmp_path: Path) -> None:
    digest = "d" * 64
    content = make_zip(SAVED_MODEL)
    version = s3.put_object(Bucket="inputs", Key=f"{digest}.zip", Body=content)["VersionId"]

    result = run_fetch(tmp_path, job_data(source=source("zip", f"{digest}.zip", {"digest": digest})))

    assert result.exit_code == 0, result.output
    for name, expected in SAVED_MODEL.items():
        assert (tmp_path / "work/source" / name).read_bytes() == expected
    assert json.loads((tmp_path / "work/job.json").read_text())["model"] == "digits"
    fetched = json.loads((tmp_path / "work/fetched.json").read_text())["source"]
    assert fetched["identity"] == "assetHash"
    assert fetched["objects"] == [
        {
            "key": f"{digest}.zip",
            "version": version,
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "checks": ["size", "MD5"],
        }
    ]
    assert not [path.name for path in (tmp_path / "work").iterdir() if path.name.startswith(".")]


def test_the_job_itself_can_come_from_the_bucket(s3: S3Client, tmp_path: Path) -> None:
    s3.put_object(Bucket="inputs", Key="m.keras", Body=b"model")
    text = json.dumps(job_data(source=source("file", "m.keras")))
    s3.put_object(Bucket="models", Key="p/keys/k/job.json", Body=text.encode())

    result = CliRunner().invoke(
        app, ["fetch", "--bucket", "models", "--config-key", "p/keys/k/job.json", "--directory", str(tmp_path / "work")]
    )

    assert result.exit_code == 0, result.output
    assert (tmp_path / "work/job.json").read_text() == text
    assert (tmp_path / "work/source/m.keras").read_bytes() == b"model"


def test_a_file_gets_its_own_name_and_its_pinned_version(s3: S3Client, tmp_path: Path) -> None:
    old = s3.put_object(Bucket="inputs", Key="0123.keras", Body=b"old")["VersionId"]
    s3.put_object(Bucket="inputs", Key="0123.keras", Body=b"new")
    wanted = source("file", "0123.keras", {"objectVersion": old}, fileName="digits.keras")

    result = run_fetch(tmp_path, job_data(source=wanted))

    assert result.exit_code == 0, result.output
    assert (tmp_path / "work/source/digits.keras").read_bytes() == b"old"
    assert json.loads((tmp_path / "work/fetched.json").read_text())["source"]["identity"] == "objectVersion"


def test_a_prefix_is_read_whole_with_evaluation_data_beside_it(
    s3: S3Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "5")
    many = {**SAVED_MODEL, **{f"assets/{number:04}.txt": str(number).encode() for number in range(1, 31)}}
    for name, content in many.items():
        s3.put_object(Bucket="inputs", Key=f"model/{name}", Body=content)
    s3.put_object(Bucket="inputs", Key="model/assets/", Body=b"")
    s3.put_object(Bucket="inputs", Key="data.npz", Body=b"rows")

    result = run_fetch(tmp_path, job_data(source=source("prefix", "model/"), evaluation=source("file", "data.npz")))

    assert result.exit_code == 0, result.output
    laid_out = {p.relative_to(tmp_path / "work/source").as_posix() for p in (tmp_path / "work/source").rglob("*.*")}
    assert laid_out == set(many), "more than one page of a listing arrives"
    assert (tmp_path / "work/evaluation/data.npz").read_bytes() == b"rows"


@pytest.mark.fault
def test_a_content_digest_is_compared(s3: S3Client, tmp_path: Path) -> None:
    s3.put_object(Bucket="inputs", Key="m.tflite", Body=b"model")
    right, wrong = hashlib.sha256(b"model").hexdigest(), hashlib.sha256(b"other").hexdigest()

    assert run_fetch(tmp_path, job_data(source=source("file", "m.tflite", {"digest": right}))).exit_code == 0
    result = run_fetch(tmp_path, job_data(source=source("file", "m.tflite", {"digest": wrong})))

    assert result.exit_code == 2
    assert wrong in result.output
    assert right in result.output
    assert not (tmp_path / "work/source").exists()


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ("../escaped.txt", "only plain relative paths"),
        ("/etc/passwd", "only plain relative paths"),
        ("a/../../escaped.txt", "only plain relative paths"),
        ("a\\..\\escaped.txt", "only plain relative paths"),
        ("C:/escaped.txt", "only plain relative paths"),
    ],
)
def test_a_zip_cannot_write_outside(s3: S3Client, tmp_path: Path, entry: str, complaint: str) -> None:
    s3.put_object(Bucket="inputs", Key="m.zip", Body=make_zip({"saved_model.pb": b"", entry: b"x"}))

    result = run_fetch(tmp_path, job_data(source=source("zip", "m.zip")))

    assert result.exit_code == 2
    assert complaint in result.output
    assert not list(tmp_path.rglob("escaped.txt"))
    assert not (tmp_path / "work/source").exists()


def test_a_zip_with_a_link_is_refused(s3: S3Client, tmp_path: Path) -> None:
    link = zipfile.ZipInfo("saved_model.pb")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    s3.put_object(Bucket="inputs", Key="m.zip", Body=(tmp_path / "m.zip").read_bytes())

    result = run_fetch(tmp_path, job_data(source=source("zip", "m.zip")))

    assert result.exit_code == 2
    assert "link or a device" in result.output


@pytest.mark.fault
@pytest.mark.parametrize("cut", ["half", "flipped", "text", "empty"])
def test_a_zip_that_is_not_whole_is_refused(s3: S3Client, tmp_path: Path, cut: str) -> None:
    whole = make_zip({"saved_model.pb": bytes(range(256)) * 40})
    flipped = bytearray(whole)
    flipped[60] ^= 0xFF
    content = {"half": whole[: len(whole) // 2], "flipped": bytes(flipped), "text": b"no zip", "empty": make_zip({})}
    s3.put_object(Bucket="inputs", Key="m.zip", Body=content[cut])

    result = run_fetch(tmp_path, job_data(source=source("zip", "m.zip")))

    assert result.exit_code == 2
    assert ("empty ZIP archive" if cut == "empty" else "not a whole ZIP archive") in result.output
    assert not (tmp_path / "work/source").exists()


@pytest.mark.parametrize(
    ("wanted", "complaint"),
    [
        (source("file", "absent.keras"), "s3://inputs/absent.keras does not exist"),
        (source("prefix", "absent/"), "there is no object below s3://inputs/absent/"),
        (source("prefix", "model"), "a prefix ends with a slash"),
        (source("file", "there.keras", {"objectVersion": "nope"}), "no such version"),
        (source("file", "there.keras", fileName="../x.keras"), "only plain relative paths"),
        (source("prefix", "model/", {"objectVersion": "v"}), "a version belongs to one object"),
        ({"packaging": "file", "identity": {}}, "has no location"),
        (
            {"packaging": "file", "identity": {}, "location": {"bucket": "nowhere", "key": "k"}},
            "the bucket of s3://nowhere/k does not exist",
        ),
    ],
)
def test_an_object_that_cannot_be_fetched_gives_one_sentence(
    s3: S3Client, tmp_path: Path, wanted: dict[str, Any], complaint: str
) -> None:
    s3.put_object(Bucket="inputs", Key="there.keras", Body=b"model")

    result = run_fetch(tmp_path, job_data(source=wanted))

    assert result.exit_code == 2
    assert complaint in result.output
    assert "Traceback" not in result.output
    outcome = json.loads((tmp_path / "work/outcome.json").read_text())
    assert outcome["exitCode"] == 2
    assert complaint in outcome["sentence"]
    assert (tmp_path / "work/report/report.html").is_file()


@pytest.mark.fault
@pytest.mark.parametrize(
    ("operation", "code", "message", "complaint", "exit_code"),
    [
        ("GetObject", "AccessDenied", "Access Denied", "allow the role s3:GetObject", 2),
        (
            "GetObject",
            "AccessDenied",
            "User is not authorized to perform: kms:Decrypt on resource key/1",
            "allow the role kms:Decrypt on the key",
            2,
        ),
        ("GetObject", "KMS.DisabledException", "key/1 is disabled.", "its KMS key refuses this role", 2),
        ("GetObject", "InvalidObjectState", "", "is archived (Glacier)", 2),
        ("GetObject", "SlowDown", "Please reduce your request rate.", "S3 answers SlowDown", 1),
        ("ListObjectsV2", "AccessDenied", "Access Denied", "allow the role s3:ListBucket", 2),
    ],
)
def test_a_refusal_by_s3_names_the_way_out(
    s3: S3Client,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
    code: str,
    message: str,
    complaint: str,
    exit_code: int,
) -> None:
    s3.put_object(Bucket="inputs", Key="model/saved_model.pb", Body=b"graph")
    refuse(monkeypatch, operation, code, message)

    result = run_fetch(tmp_path, job_data(source=source("prefix", "model/")))

    assert result.exit_code == exit_code
    assert complaint in result.output
    assert not (tmp_path / "work/source").exists()


@pytest.mark.fault
def test_an_incomplete_listing_is_refused(s3: S3Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "5")
    for number in range(12):
        s3.put_object(Bucket="inputs", Key=f"model/{number:04}", Body=b"x")
    refuse(monkeypatch, "ListObjectsV2", "AccessDenied", "Access Denied", after=1)

    result = run_fetch(tmp_path, job_data(source=source("prefix", "model/")))

    assert result.exit_code == 2
    assert "no permission to list" in result.output
    assert not (tmp_path / "work/source").exists()


def test_only_the_files_of_an_earlier_fetch_are_replaced(s3: S3Client, tmp_path: Path) -> None:
    s3.put_object(Bucket="inputs", Key="one.keras", Body=b"1")
    s3.put_object(Bucket="inputs", Key="two.keras", Body=b"2")
    assert run_fetch(tmp_path, job_data(source=source("file", "one.keras"))).exit_code == 0
    assert run_fetch(tmp_path, job_data(source=source("file", "two.keras"))).exit_code == 0
    assert [path.name for path in (tmp_path / "work/source").iterdir()] == ["two.keras"]

    (tmp_path / "work/fetched.json").unlink()
    result = run_fetch(tmp_path, job_data(source=source("file", "one.keras")))

    assert result.exit_code == 2
    assert "was not fetched" in result.output
    assert [path.name for path in (tmp_path / "work/source").iterdir()] == ["two.keras"]


def test_all_problems_of_a_job_are_reported_at_once(s3: S3Client, tmp_path: Path) -> None:
    result = run_fetch(tmp_path, {**job_data(), "model": "Digits!", "format": "onnx"})

    assert result.exit_code == 2
    assert "model:" in result.output
    assert "format:" in result.output


def refuse(monkeypatch: pytest.MonkeyPatch, operation: str, code: str, message: str, after: int = 0) -> None:
    """Let one operation of S3 answer with an error, from its call number `after` on."""
    import botocore.client

    genuine, calls = botocore.client.BaseClient._make_api_call, []

    def answer(client: Any, name: str, arguments: Any) -> Any:
        if name == operation:
            calls.append(name)
            if len(calls) > after:
                details: Any = {
                    "Error": {"Code": code, "Message": message},
                    "ResponseMetadata": {"HTTPStatusCode": 403},
                }
                raise ClientError(details, name)
        return genuine(client, name, arguments)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", answer)


def test_given_students_are_laid_out_in_the_order_of_the_steps(s3: S3Client, tmp_path: Path) -> None:
    keys = ("m.keras", "first.keras", "second.zip")
    bodies = {"m.keras": b"model", "first.keras": b"first", "second.zip": make_zip(SAVED_MODEL)}
    for key in keys:
        s3.put_object(Bucket="inputs", Key=key, Body=bodies[key])
    students: list[dict[str, Any]] = [
        {"given": source("file", "first.keras", {"revision": "1"})},
        {"size": "tiny"},
        {"given": source("zip", "second.zip", {"revision": "1"})},
    ]
    steps = [{"step": "distillation", "student": student} for student in students]
    recipe = {"kind": "search", "steps": steps, "search": {"objective": "size"}}

    result = run_fetch(tmp_path, job_data(source=source("file", "m.keras"), recipe=recipe))

    assert result.exit_code == 0, result.output
    assert (tmp_path / "work/students/00/first.keras").read_bytes() == b"first"
    assert (tmp_path / "work/students/01/saved_model.pb").read_bytes() == b"graph"
    fetched = json.loads((tmp_path / "work/fetched.json").read_text())["students"]
    assert [entry["key"] for entry in fetched] == ["first.keras", "second.zip"]


def test_a_missing_student_ends_the_build_with_its_name(s3: S3Client, tmp_path: Path) -> None:
    s3.put_object(Bucket="inputs", Key="m.keras", Body=b"model")
    steps = [{"step": "distillation", "student": {"given": {"packaging": "file", "identity": {"revision": "1"}}}}]

    result = run_fetch(tmp_path, job_data(source=source("file", "m.keras"), recipe={"kind": "steps", "steps": steps}))

    assert result.exit_code == 2
    assert "the job's student 0 has no location" in result.output
