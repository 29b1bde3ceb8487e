"""The command `report`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sample_jobs import job_data
from tensorflow_optimizer.command_line.app import app
from tensorflow_optimizer.documents.draft import read_draft
from tensorflow_optimizer.documents.job import Job
from tensorflow_optimizer.documents.outcome import Outcome
from tensorflow_optimizer.errors import ExitCode, GateError
from tensorflow_optimizer.report.write import write_report
from tensorflow_optimizer.supervision.output import write_outcome
from typer.testing import CliRunner

if TYPE_CHECKING:
    from pathlib import Path

    from sample_jobs import Runs
    from sample_models import SampleModels


def test_it_prints_what_the_job_found_and_the_figures_as_json(models: SampleModels, runs: Runs) -> None:
    result = runs(models.dense, models.labelled)
    out = result.output
    write_outcome(out, result.outcome)
    write_report(out, Job.model_validate(job_data()), result.outcome, read_draft(out))
    shown = CliRunner().invoke(app, ["report", str(out)], env={"COLUMNS": "200"})
    assert shown.exit_code == 0, shown.output
    assert "chosen" in shown.output
    assert f"report: {out}/report/report.html" in shown.output.replace("\n", "")

    publish = f"cdk-tensorflow publish --config JOB.json --output {out} --bucket BUCKET --model-prefix "
    assert shown.output.splitlines()[-1].startswith(f"next: {publish}{read_draft(out).model}")
    (out / "job.json").write_text("{}", encoding="utf-8")
    shown = CliRunner().invoke(app, ["report", str(out)])
    assert f"next: {publish.replace('JOB.json', f'{out}/job.json')}" in shown.output

    figures = CliRunner().invoke(app, ["report", str(out), "--json"])
    assert figures.exit_code == 0
    assert json.loads(figures.stdout) == json.loads((out / "report" / "report.json").read_text(encoding="utf-8"))


def test_its_exit_code_is_the_jobs(tmp_path: Path) -> None:
    outcome = Outcome.of_error(GateError("no candidate passed"))
    (tmp_path / "outcome.json").write_text(outcome.to_json(), encoding="utf-8")
    shown = CliRunner().invoke(app, ["report", str(tmp_path)])
    assert shown.exit_code == ExitCode.GATE
    assert "no candidate passed" in shown.output
    assert "next:" not in shown.output


def test_a_directory_without_an_outcome_or_with_another_one_is_refused(tmp_path: Path) -> None:
    nothing = CliRunner().invoke(app, ["report", str(tmp_path)])
    assert nothing.exit_code == ExitCode.BAD_INPUT
    assert "has no outcome.json; give the directory that `optimize` or `run` wrote to" in nothing.output
    (tmp_path / "outcome.json").write_text("{}", encoding="utf-8")
    other = CliRunner().invoke(app, ["report", str(tmp_path)])
    assert other.exit_code == ExitCode.BAD_INPUT
    assert "is not of this version of the optimizer" in other.output
