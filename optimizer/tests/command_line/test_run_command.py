from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from cdk_tensorflow_shared.build_key import build_key
from processes import IMPORTABLE
from sample_jobs import DYNAMIC_RANGE, job_data
from tensorflow_optimizer.command_line.app import app
from tensorflow_optimizer.command_line.outcome_table import show
from tensorflow_optimizer.documents.draft import read_draft
from tensorflow_optimizer.documents.job import Job
from tensorflow_optimizer.documents.outcome import Candidate, CandidateStatus, Outcome
from tensorflow_optimizer.errors import ExitCode
from tensorflow_optimizer.processes.exhaustion import unexpected
from tensorflow_optimizer.supervision import supervise
from typer.testing import CliRunner

if TYPE_CHECKING:
    from pathlib import Path

    from sample_models import SampleModels


def config(directory: Path, **fields: Any) -> Path:
    file = directory / "job.json"
    file.write_text(json.dumps(job_data(**fields)))
    return file


def optimizer(*arguments: object) -> Any:
    """Run a command in this process; an exception that it lets through would be a traceback."""
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def outcome_of(output: Path) -> Outcome:
    return Outcome.model_validate_json((output / "outcome.json").read_text())


def test_run_writes_the_model_the_draft_the_outcome_and_the_report(models: SampleModels, tmp_path: Path) -> None:
    out, file = tmp_path / "out", config(tmp_path, recipe=DYNAMIC_RANGE)
    words = ["run", "--config", file, "--source", models.dense, "--evaluation", models.labelled, "--output", out]
    command = [sys.executable, "-m", "tensorflow_optimizer", *map(str, words)]
    environment = {**os.environ, "PYTHONPATH": IMPORTABLE}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert read_draft(out).build_key == build_key(json.loads(file.read_text()))
    assert outcome_of(out).exit_code is ExitCode.DONE
    assert "dynamicRange passed" in done.stdout
    for name in ("model/model.tflite", "draft.json", "report/report.html", "report/report.json", "report/junit.xml"):
        assert (out / name).stat().st_size > 0


def test_a_refusal_is_an_outcome_a_report_and_an_exit_code(tmp_path: Path) -> None:
    out = tmp_path / "out"
    (tmp_path / "model").mkdir()
    done = optimizer("run", "--config", config(tmp_path), "--source", tmp_path / "model", "--output", out)
    assert done.exit_code == 2
    assert outcome_of(out).sentence in done.stderr
    assert (out / "report" / "report.html").exists()
    assert not (out / "draft.json").exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "is not a job"),
        ("{}", "model: Field required"),
        (json.dumps(job_data(surprise=1)), "surprise: Extra inputs are not permitted"),
    ],
)
def test_a_config_that_is_not_a_job_is_bad_input(text: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text(text)
    out = tmp_path / "out"
    done = optimizer("run", "--config", tmp_path / "job.json", "--source", tmp_path, "--output", out)
    assert done.exit_code == 2
    assert expected in outcome_of(out).sentence


def test_a_config_that_is_not_text_is_bad_input_and_an_outcome(tmp_path: Path) -> None:
    (tmp_path / "job.json").write_bytes(b"\xff\xfe{}")
    out = tmp_path / "out"
    done = optimizer("run", "--config", tmp_path / "job.json", "--source", tmp_path, "--output", out)
    assert done.exit_code == 2
    assert "job.json is not a job (the document: Invalid JSON" in outcome_of(out).sentence


def test_an_output_that_cannot_be_written_gives_one_sentence(models: SampleModels, tmp_path: Path) -> None:
    out = config(tmp_path) / "out"
    for done in (
        optimizer("run", "--config", tmp_path / "job.json", "--source", models.dense, "--output", out),
        optimizer("run", "--config", tmp_path / "absent.json", "--source", models.dense, "--output", out),
        optimizer("optimize", models.dense, "--out", out),
    ):
        assert done.exit_code == 2
        assert done.stderr.splitlines()[-1] == f"error: Not a directory: {out}"


def test_a_model_that_cannot_be_read_gives_one_sentence(
    tmp_path: Path, models: SampleModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tensorflow_optimizer.command_line import local_files

    def denied(file: Path) -> str:
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr(local_files, "file_digest", denied)
    done = CliRunner().invoke(app, ["optimize", str(models.tflite), "--out", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert f"error: Permission denied: {models.tflite}" in done.output


def test_a_job_that_cannot_be_started_writes_an_outcome(
    tmp_path: Path, models: SampleModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(supervise, "run_watched", full)
    outcome = supervise.supervise(config(tmp_path), models.dense, None, tmp_path / "out")
    assert outcome == outcome_of(tmp_path / "out")
    assert "ran out of disk space" in outcome.sentence


def test_the_table_of_candidates_prints_text_that_looks_like_markup(capsys: pytest.CaptureFixture[str]) -> None:
    reason = "no kernel for it on [/job:localhost/device:CPU:0] [bold]"
    failed = Candidate(name="[/red] float16", status=CandidateStatus.FAILED, reason=reason)
    show(Outcome(exit_code=ExitCode.GATE, sentence="[/] none passed", candidates=[failed]))
    said = " ".join(capsys.readouterr().out.split())
    for text in ("[/red]", "[/job:", "[bold]", "[/] none passed"):
        assert text in said


def test_a_job_for_other_tools_is_refused(models: SampleModels, tmp_path: Path) -> None:
    file = config(tmp_path, toolchain={"behaviorVersion": 99, "tensorflow": "9.9.9", "litert": "0.0.1"})
    done = optimizer("run", "--config", file, "--source", models.dense, "--output", tmp_path / "out")
    assert done.exit_code == 1
    assert "tensorflow 9.9.9 (here: " in outcome_of(tmp_path / "out").sentence


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (MemoryError(), "ran out of memory"),
        (OSError(28, "No space left on device"), "ran out of disk space"),
        (RuntimeError("first line\nsecond line"), "failed unexpectedly (RuntimeError: first line)"),
        (KeyError(), "failed unexpectedly (KeyError: no message)"),
    ],
)
def test_an_unexpected_error_becomes_one_sentence(error: Exception, text: str) -> None:
    sentence = str(unexpected(error))
    assert text in sentence
    assert "\n" not in sentence


def test_a_crash_in_the_report_does_not_hide_the_outcome(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from tensorflow_optimizer.report import write

    def crash(*_: object) -> None:
        raise RuntimeError("no template")

    monkeypatch.setattr(write, "write_report", crash)
    outcome = Outcome(exit_code=ExitCode.GATE, sentence="no candidate passed")
    supervise.write_report_safely(tmp_path, Job.model_validate(job_data()), outcome)
    assert "the outcome stands" in caplog.text


def test_help_names_every_command_and_the_exit_codes() -> None:
    text = " ".join(CliRunner().invoke(app, ["--help"]).output.replace("│", " ").split())
    for word in ("run", "fetch", "publish", "schemas", "Exit codes"):
        assert word in text
