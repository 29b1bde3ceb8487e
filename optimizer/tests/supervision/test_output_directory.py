"""Files that a run removes and overwrites in its output directory: those of an earlier run, and none of the user's."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sample_jobs import job_data
from tensorflow_optimizer.command_line.app import app
from tensorflow_optimizer.documents.outcome import Outcome
from tensorflow_optimizer.errors import BadInputError, ExitCode
from tensorflow_optimizer.supervision import supervise
from tensorflow_optimizer.supervision.output import check_output, held
from typer.testing import CliRunner

if TYPE_CHECKING:
    from sample_models import SampleModels


@pytest.fixture
def job(tmp_path: Path) -> Path:
    file = tmp_path / "job.json"
    file.write_text(json.dumps(job_data()))
    return file


def command(*arguments: object, code: int = 0) -> str:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == code, done.output
    return done.output


def foreign(directory: Path, *files: str) -> dict[str, bytes]:
    for file in files:
        (directory / file).parent.mkdir(parents=True, exist_ok=True)
        (directory / file).write_bytes(b"the user's")
    return contents(directory)


def contents(directory: Path) -> dict[str, bytes]:
    return {str(entry.relative_to(directory)): entry.read_bytes() for entry in directory.rglob("*") if entry.is_file()}


@pytest.mark.parametrize("name", ["run", "optimize"])
def test_a_directory_that_another_run_writes_into_is_left_alone(
    name: str, models: SampleModels, job: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with held(out):
        (out / "outcome.json.part").touch()
        before = contents(out)
        options = ["--config", job, "--source", models.dense, "--output"] if name == "run" else [models.dense, "--out"]
        said = command(name, *options, out, code=2)
        assert f"another run writes into {out}" in said.replace("\n", "")
        assert contents(out) == before
        with held(tmp_path / "other"):
            pass
    with held(out):
        pass


@pytest.mark.parametrize(
    "file",
    ["model/x", "server/y", "draft.json", "golden.json", "outcome.json", "report/report.html"],
)
@pytest.mark.parametrize("name", ["run", "optimize"])
def test_files_that_no_run_has_written_survive(
    name: str, file: str, models: SampleModels, job: Path, tmp_path: Path
) -> None:
    out = tmp_path / "project"
    before = foreign(out, file, "notes.txt")

    options = ["--config", job, "--source", models.dense, "--output"] if name == "run" else [models.dense, "--out"]
    output = command(name, *options, out, code=2)

    assert contents(out) == before
    assert f"{out} holds {file.partition('/')[0]}, which no run has made" in output
    assert "give another directory" in output


def test_a_job_that_optimize_has_not_written_survives(models: SampleModels, tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text(json.dumps(job_data(seed=7)))
    before = contents(tmp_path)

    output = command("optimize", models.dense, "--out", tmp_path, "--step", "float16", code=2)

    assert "job.json is not of an earlier `optimize`" in output
    assert {name: content for name, content in contents(tmp_path).items() if name in before} == before


@pytest.mark.parametrize("bad", ["{", "not found"])
def test_a_bad_job_costs_nothing_either(bad: str, tmp_path: Path) -> None:
    out = tmp_path / "project"
    before = foreign(out, "model/x")
    config = tmp_path / "job.json"
    if bad == "{":
        config.write_text(bad)

    command("run", "--config", config, "--source", out, "--output", out, code=2)

    assert contents(out) == before


class TestInputs:
    """A model, its data or a student in what is replaced."""

    def test_the_only_model_survives_being_optimized_where_it_is(self, models: SampleModels, tmp_path: Path) -> None:
        shutil.copytree(models.dense, tmp_path / "model")
        before = contents(tmp_path)

        output = command("optimize", tmp_path / "model", "--data", models.labelled, "--out", tmp_path, code=2)

        assert contents(tmp_path) == before
        assert f"{tmp_path / 'model'} is in what a run replaces" in output

    @pytest.mark.parametrize("given", ["model", "model/1", ".", "..", "model/model.tflite", "server/data.npz"])
    def test_the_files_of_an_earlier_run_are_not_read_and_removed_at_once(
        self, given: str, models: SampleModels, tmp_path: Path
    ) -> None:
        out = tmp_path / "out"
        (out / "model").mkdir(parents=True)
        (out / "outcome.json.part").touch()
        shutil.copy(models.static_tflite, out / "model" / "model.tflite")

        with pytest.raises(BadInputError, match="is in what a run replaces"):
            check_output(out, [out / given])

    def test_a_model_next_to_the_output_is_not_part_of_it(self, models: SampleModels, tmp_path: Path) -> None:
        shutil.copy(models.static_tflite, tmp_path / "mine.tflite")
        check_output(tmp_path, [tmp_path, tmp_path / "mine.tflite"])
        check_output(tmp_path / "out", [tmp_path])

    def test_a_link_is_not_followed(self, tmp_path: Path) -> None:
        (tmp_path / "mine").mkdir()
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "model").symlink_to(tmp_path / "mine")
        (tmp_path / "out" / "outcome.json.part").touch()
        with pytest.raises(BadInputError, match="holds model"):
            check_output(tmp_path / "out", [])


@pytest.mark.slow
class TestAgain:
    """Another run into the same directory."""

    def test_it_works_after_one_that_succeeded_and_after_one_that_failed(
        self, models: SampleModels, tmp_path: Path
    ) -> None:
        out = tmp_path / "out"
        command("optimize", models.dense, "--out", out, "--step", "float16")
        first = (out / "model" / "model.tflite").read_bytes()

        command("optimize", models.text, "--out", out, "--step", "pruning:sparsity=0.5", code=4)
        assert not (out / "model").exists()

        command("optimize", models.dense, "--out", out, "--step", "dynamic-range")
        assert (out / "model" / "model.tflite").read_bytes() != first

    def test_it_works_after_one_that_was_interrupted(
        self, models: SampleModels, job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        out = tmp_path / "out"

        def killed(command: list[str], _: Any) -> int:
            output = Path(command[5])
            (output / "model").mkdir()
            (output / "model" / "half").write_text("a model")
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(supervise, "run_watched", killed)
            with pytest.raises(KeyboardInterrupt):
                supervise.supervise(job, models.dense, None, out)
        assert not (out / "model").exists()

        assert supervise.supervise(job, models.dense, None, out).exit_code is ExitCode.DONE
        assert sorted(contents(out / "model")) == ["model.tflite"]
        assert not (out / "outcome.json.part").exists()

    def test_a_model_that_was_put_there_after_a_run_that_failed_survives(self, job: Path, tmp_path: Path) -> None:
        out = tmp_path / "out"
        (tmp_path / "empty").mkdir()
        assert supervise.supervise(job, tmp_path / "empty", None, out).exit_code is ExitCode.BAD_INPUT
        before = foreign(out, "model/x")

        with pytest.raises(BadInputError, match="holds model, which no run has made"):
            supervise.supervise(job, tmp_path / "empty", None, out)
        assert contents(out) == before

    def test_a_file_named_outcome_is_not_mistaken_for_ours(self, tmp_path: Path) -> None:
        (tmp_path / "outcome.json").write_text('{"score": 3}')
        with pytest.raises(BadInputError, match=r"holds outcome\.json"):
            check_output(tmp_path, [])
        (tmp_path / "outcome.json").write_text(Outcome(exit_code=ExitCode.GATE, sentence="none passed").to_json())
        check_output(tmp_path, [])
