"""Every command says what a way out is called among the options of `optimize`, which also writes job.json."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sample_functions import dense_data
from sample_jobs import job_data
from tensorflow_optimizer.command_line import app as commands
from tensorflow_optimizer.command_line import publish, run
from tensorflow_optimizer.command_line.app import app
from tensorflow_optimizer.command_line.failure import in_inspection
from tensorflow_optimizer.documents.outcome import Candidate, CandidateStatus, Outcome
from tensorflow_optimizer.errors import ExitCode, UnsupportedError
from tensorflow_optimizer.hints import Hint
from typer.testing import CliRunner

if TYPE_CHECKING:
    from pathlib import Path

    from sample_models import SampleModels


def test_options_that_are_named_exist() -> None:
    options = {
        name: {option for parameter in command.params for option in parameter.opts}
        for name, command in ((name, commands.command(name)) for name in commands.COMMANDS)
    }
    for hint in Hint:
        assert hint.option
        assert set(re.findall(r"--[a-z-]+", hint.option.replace("`run --config`", ""))) <= options["optimize"], hint
        for command in set(re.findall(r"`(\w+)`", in_inspection(hint))) & {"inspect", "check", "compare"}:
            assert hint.option.split()[0] in options[command], hint


def test_inspect_names_the_option_for_tags(models: SampleModels) -> None:
    done = CliRunner().invoke(app, ["inspect", str(models.dense), "--tag", "train"])

    assert done.exit_code == 4
    assert done.stderr.splitlines()[-2].startswith("error: the SavedModel has no graph with the tags ['train']")
    assert done.stderr.splitlines()[-1] == "tags: --tag NAME of `inspect`, `check`, `predict` and `optimize`"


def test_compare_names_options_of_optimize(models: SampleModels, tmp_path: Path) -> None:
    features, _ = dense_data(60)
    np.savez(tmp_path / "data.npz", features=features, labels=np.linspace(0, 1, 60))
    done = CliRunner().invoke(
        app, ["compare", str(models.dense), str(models.dense), "--data", str(tmp_path / "data.npz")]
    )

    assert done.exit_code == 2
    assert done.stderr.splitlines()[-1] == "tasks: --task NAME=KIND of `optimize`"


def test_labels_by_name_lead_to_the_option_for_class_names(models: SampleModels, tmp_path: Path) -> None:
    features, labels = dense_data(60)
    np.savez(tmp_path / "named.npz", features=features, labels=np.array(["ant", "bee", "cow", "dog"])[labels])
    data = ["--data", str(tmp_path / "named.npz")]

    optimized = CliRunner().invoke(app, ["optimize", str(models.dense), *data, "--out", str(tmp_path / "out")])
    assert optimized.exit_code == 2
    assert optimized.stderr.splitlines()[-1] == "class names: --labels FILE"

    compared = CliRunner().invoke(app, ["compare", str(models.dense), str(models.dense), *data])
    assert compared.exit_code == 2
    assert compared.stderr.splitlines()[-1] == "class names: --labels FILE of `check`, `compare` and `optimize`"


def test_run_names_the_options_that_write_its_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "job.json").write_text(json.dumps(job_data()))
    rejected = Candidate(name="fullInteger", status=CandidateStatus.FAILED, reason="no data", hints=[Hint.FLOAT16])
    outcome = Outcome(
        exit_code=ExitCode.BAD_INPUT, sentence="it needs data", hints=[Hint.EVALUATION_DATA], candidates=[rejected]
    )
    monkeypatch.setattr(run.supervise, "supervise", lambda *_: outcome)
    arguments = ["--config", str(tmp_path / "job.json"), "--source", str(tmp_path), "--output", str(tmp_path / "out")]
    done = CliRunner().invoke(app, ["run", *arguments])

    assert done.exit_code == 2
    assert done.stderr.splitlines()[-3:] == [
        "it needs data",
        "evaluation data: --data FILE of `optimize`, which writes job.json",
        "float16: --step float16 of `optimize`, which writes job.json",
    ]


@pytest.mark.parametrize("command", ["fetch", "publish"])
def test_fetch_and_publish_name_the_options_that_write_their_job(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise UnsupportedError("no such graph; give tags", Hint.TAGS)

    (tmp_path / "job.json").write_text(json.dumps(job_data()))
    monkeypatch.setattr(publish, "parse_job", refuse)
    monkeypatch.setattr(publish, "read_job", refuse)
    rest = {
        "fetch": ["--directory", str(tmp_path / "work")],
        "publish": ["--output", str(tmp_path), "--bucket", "models", "--model-prefix", "p"],
    }
    done = CliRunner().invoke(app, [command, "--config", str(tmp_path / "job.json"), *rest[command]])

    assert done.exit_code == 4
    assert done.stderr.splitlines() == [
        "error: no such graph; give tags",
        "tags: --tag NAME of `optimize`, which writes job.json",
    ]
