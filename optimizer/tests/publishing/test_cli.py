"""The commands, as CodeBuild and people call them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from cdk_tensorflow_shared.build_key import build_key
from publishing_samples import PREFIX, job_data, read_json
from tensorflow_optimizer.command_line.app import app
from tensorflow_optimizer.documents.draft import key_draft
from tensorflow_optimizer.errors import ExitCode
from tensorflow_optimizer.storage.checksums import write_checksums
from typer.testing import CliRunner, Result

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mypy_boto3_s3 import S3Client


def run_publish(output: Path, config: Path, *more: str) -> Result:
    arguments = ["publish", "--output", str(output), "--config", str(config), "--bucket", "models"]
    return CliRunner().invoke(app, [*arguments, "--model-prefix", PREFIX, *more])


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "work" / "job.json"
    path.parent.mkdir()
    path.write_text(json.dumps(job_data()))
    return path


def test_publishing_from_a_laptop_needs_no_build(
    s3: S3Client, make_output: Callable[..., Path], config: Path, keys: Callable[..., list[str]]
) -> None:
    output = make_output()

    result = run_publish(output, config)

    assert result.exit_code == 0, result.output
    key = build_key(job_data())
    record = read_json(s3, f"{PREFIX}/keys/{key}/1.json")
    assert json.loads((output / "record.json").read_text()) == record
    assert f"manifestKey: {PREFIX}/litert/1/manifest.json" in result.output
    assert f"manifestSha256: {record['ManifestSha256']}" in result.output
    assert re.fullmatch(r".*/builds/local-\d{8}-\d{6}/report\.html", record["ReportKey"])
    assert record["BuildUrl"] == ""


def test_json_is_the_record_and_the_rest_is_said_elsewhere(
    s3: S3Client, make_output: Callable[..., Path], config: Path
) -> None:
    result = run_publish(make_output(), config, "--json")

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == read_json(s3, f"{PREFIX}/keys/{build_key(job_data())}/1.json")


def test_codebuild_provides_the_names_in_its_environment(
    s3: S3Client, make_output: Callable[..., Path], config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARTIFACT_BUCKET", "models")
    monkeypatch.setenv("MODEL_PREFIX", PREFIX)
    monkeypatch.setenv("CODEBUILD_BUILD_URL", "https://console.example/b")
    arguments = ["publish", "--output", str(make_output()), "--config", str(config), "--build-id", "0f-1"]

    result = CliRunner().invoke(app, [*arguments, "--build-key", build_key(job_data())])

    assert result.exit_code == 0, result.output
    record = read_json(s3, f"{PREFIX}/keys/{build_key(job_data())}/1.json")
    assert record["ReportKey"] == f"{PREFIX}/builds/0f-1/report.html"
    assert record["BuildUrl"] == "https://console.example/b"


def test_a_model_is_not_published_under_the_key_of_a_job_that_was_changed_since(
    s3: S3Client, make_output: Callable[..., Path], config: Path, keys: Callable[..., list[str]]
) -> None:
    output = make_output()
    key_draft(output, config.read_bytes())
    write_checksums(output)
    config.write_text(json.dumps(job_data(seed=1)))

    result = run_publish(output, config)

    assert result.exit_code == 2
    made, asked = build_key(job_data()), build_key(job_data(seed=1))
    assert f"it was made from one with the build key {made}, and that of this one is {asked}" in result.output
    assert keys(f"{PREFIX}/litert/") == []

    config.write_text(json.dumps(job_data(), indent=4))
    assert run_publish(output, config).exit_code == 0
    assert read_json(s3, f"{PREFIX}/litert/1/manifest.json")["buildKey"] == made


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("out/draft.json", b"{}", "draft.json is not what `run` leaves (model: Field required"),
        ("out/draft.json", b"\xff", "draft.json is not what `run` leaves"),
        ("out/outcome.json", b"\xff", "outcome.json is not a whole outcome"),
        ("work/fetched.json", b"{}", "fetched.json is not what `fetch` leaves (source: Field required"),
        ("work/job.json", b"\xff", "job.json is not a job (the document: Invalid JSON"),
    ],
)
def test_a_changed_file_gives_one_sentence(
    s3: S3Client,
    make_output: Callable[..., Path],
    config: Path,
    tmp_path: Path,
    name: str,
    content: bytes,
    sentence: str,
) -> None:
    output = make_output()
    (tmp_path / name).write_bytes(content)
    write_checksums(output)

    result = run_publish(output, config)

    assert result.exit_code in {1, 2}
    assert sentence in result.output
    assert isinstance(result.exception, SystemExit)


def test_a_directory_that_cannot_be_created_gives_one_sentence(s3: S3Client, config: Path) -> None:
    result = CliRunner().invoke(app, ["fetch", "--config", str(config), "--directory", str(config / "work")])

    assert result.exit_code == 2
    assert f"error: Not a directory: {config / 'work'}" in result.output


def test_a_build_key_of_other_inputs_is_refused(
    s3: S3Client, make_output: Callable[..., Path], config: Path, keys: Callable[..., list[str]]
) -> None:
    result = run_publish(make_output(), config, "--build-key", "b" * 64)

    assert result.exit_code == 2
    assert "they belong together" in result.output
    assert keys() == []


def test_a_refused_build_ends_with_its_own_exit_code(
    s3: S3Client, make_output: Callable[..., Path], config: Path, keys: Callable[..., list[str]]
) -> None:
    result = run_publish(make_output(exit_code=ExitCode.GATE), config, "--build-id", "b-1")

    assert result.exit_code == 3
    assert "nothing is published: out ended" in result.output
    assert f"{PREFIX}/builds/b-1/outcome.json" in keys()


def test_a_build_that_ended_in_fetch_still_says_why(
    s3: S3Client, tmp_path: Path, keys: Callable[..., list[str]]
) -> None:
    data = job_data()
    key = build_key(data)
    s3.put_object(Bucket="models", Key=f"{PREFIX}/keys/{key}/job.json", Body=json.dumps(data).encode())
    work = tmp_path / "work"
    arguments = ["fetch", "--bucket", "models", "--config-key", f"{PREFIX}/keys/{key}/job.json"]

    fetched = CliRunner().invoke(app, [*arguments, "--directory", str(work)])
    published = run_publish(tmp_path / "out", work / "job.json", "--build-key", key, "--build-id", "b-1")

    assert (fetched.exit_code, published.exit_code) == (2, 2)
    outcome = read_json(s3, f"{PREFIX}/builds/b-1/outcome.json")
    assert "does not exist" in outcome["sentence"]
    assert f"{PREFIX}/builds/b-1/report.html" in keys()


def test_a_build_without_a_job_still_says_why(s3: S3Client, tmp_path: Path) -> None:
    arguments = ["fetch", "--bucket", "models", "--config-key", "absent/job.json"]
    work = tmp_path / "work"

    fetched = CliRunner().invoke(app, [*arguments, "--directory", str(work)])
    published = run_publish(tmp_path / "out", work / "job.json", "--build-key", "c" * 64, "--build-id", "b-1")

    assert (fetched.exit_code, published.exit_code) == (2, 2)
    assert "absent/job.json does not exist" in read_json(s3, f"{PREFIX}/builds/b-1/outcome.json")["sentence"]


def test_a_build_without_output_is_reported(s3: S3Client, tmp_path: Path, config: Path) -> None:
    result = run_publish(tmp_path / "out", config)

    assert result.exit_code == 1
    assert "the build ended before it could say how" in result.output


@pytest.mark.parametrize(
    "options",
    [[], ["--bucket", "b"], ["--config", "job.json", "--bucket", "b", "--config-key", "k"]],
)
def test_fetch_requires_exactly_one_address_of_the_job(s3: S3Client, tmp_path: Path, options: list[str]) -> None:
    result = CliRunner().invoke(app, ["fetch", "--directory", str(tmp_path / "work"), *options])

    assert result.exit_code == 2
    assert "give either --config, or --bucket and --config-key" in result.output


def test_missing_credentials_give_one_sentence(
    make_output: Callable[..., Path], config: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"):
        monkeypatch.delenv(name, raising=False)
    nothing: dict[str, Any] = {
        "AWS_SHARED_CREDENTIALS_FILE": tmp_path / "absent",
        "AWS_CONFIG_FILE": tmp_path / "absent",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }
    for name, value in nothing.items():
        monkeypatch.setenv(name, str(value))

    result = run_publish(make_output(), config)

    assert result.exit_code == 1
    assert "no AWS credentials were found" in result.output
