"""The command `optimize`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sample_models import dense_data
from tensorflow_optimizer.command_line.app import app
from tensorflow_optimizer.documents.job import Job
from tensorflow_optimizer.documents.outcome import Outcome
from typer.testing import CliRunner

if TYPE_CHECKING:
    from pathlib import Path

    from sample_models import SampleModels


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    features, labels = dense_data(1200)
    file = tmp_path_factory.mktemp("data") / "data.npz"
    np.savez(file, features=features, labels=labels)
    return file


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def optimize(model: Path, out: Path, *options: object, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["optimize", str(model), "--out", str(out), *map(str, options)])
    assert done.exit_code == code, done.output
    return done.output


def job_in(out: Path) -> Job:
    return Job.model_validate_json((out / "job.json").read_text(encoding="utf-8"))


def outcome_in(out: Path) -> Outcome:
    return Outcome.model_validate_json((out / "outcome.json").read_text(encoding="utf-8"))


def statuses(out: Path) -> dict[str, str]:
    return {candidate.name: candidate.status.value for candidate in outcome_in(out).candidates}


class TestWithData:
    def test_it_searches_where_asked_and_writes_the_input_of_publish(
        self, models: SampleModels, data: Path, out: Path
    ) -> None:
        output = optimize(models.dense, out, "--data", data, "--search", "--max-accuracy-loss", 0.05, "--max-trials", 3)
        search = job_in(out).recipe.search
        assert search is not None
        assert (search.objective, search.max_accuracy_loss, search.max_trials) == ("size", 0.05, 3)
        for name in ("draft.json", "outcome.json", "golden.json", "model/model.tflite", "report/report.html"):
            assert (out / name).is_file()
        for word in ("dynamicRange", "chosen", "float32", "passed", "accuracy", "compressed"):
            assert word in output

    def test_json_is_the_outcome(self, models: SampleModels, data: Path, out: Path) -> None:
        done = CliRunner().invoke(
            app, ["optimize", str(models.dense), "--out", str(out), "--data", str(data), "--json", "--step", "float16"]
        )
        assert done.exit_code == 0
        assert json.loads(done.stdout) == json.loads((out / "outcome.json").read_text(encoding="utf-8"))

    @pytest.mark.parametrize("labelled", [True, False])
    def test_it_takes_the_recipe_of_a_deployment_and_says_so(
        self, labelled: bool, models: SampleModels, data: Path, out: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO", "tensorflow_optimizer")
        limit = ["--max-accuracy-loss", 0.05] if labelled else []
        output = optimize(models.dense, out, "--data", data if labelled else models.unlabelled, *limit)
        job = job_in(out)
        assert job.recipe.kind == "forLiteRt"
        assert [(rule.rule, rule.value) for rule in (job.gate.rules if job.gate else [])] == (
            [("maxAccuracyLoss", 0.05)] if labelled else []
        )
        assert "recipe: the default for LiteRT, which a deployment without a recipe takes" in caplog.text
        assert f"cdk-tensorflow publish --config {out}/job.json --output {out} --bucket" in output.replace("\n", "")
        assert statuses(out) == {"dynamicRange": "chosen", "float16": "skipped", "float32": "skipped"}

    def test_a_tflite_file_that_is_quantized_is_served_as_it_is(
        self, models: SampleModels, data: Path, out: Path
    ) -> None:
        output = optimize(models.int8_tflite, out, "--data", data)
        assert statuses(out) == {"none": "chosen"}
        assert "dynamic-range" not in output
        refused = optimize(models.int8_tflite, out, "--data", data, "--step", "float16", code=4)
        assert "the .tflite file is quantized already" in refused

    def test_kinds_of_layers_are_quantized_as_named(self, models: SampleModels, data: Path, out: Path) -> None:
        optimize(models.tflite, out, "--data", data, "--step", "mixed:FULLY_CONNECTED=weight_only_wi8_afp32")
        assert statuses(out) == {"mixed:FULLY_CONNECTED=weight_only_wi8_afp32": "chosen"}

    @pytest.mark.slow
    def test_it_searches_among_saved_models_too(self, models: SampleModels, data: Path, out: Path) -> None:
        options = [
            "--data",
            data,
            "--search",
            "--format",
            "saved_model",
            "--max-accuracy-loss",
            0.05,
            "--max-trials",
            2,
        ]
        output = optimize(models.dense, out, *options)
        assert (out / "model" / "saved_model.pb").is_file()
        tried = {name: status for name, status in statuses(out).items() if status != "skipped"}
        assert set(tried) == {"strip", "freeze"}
        assert sorted(tried.values()) == ["chosen", "passed"]
        assert "the selection" in output


class TestStepsOfOnesOwn:
    def test_each_is_usable_alone(self, models: SampleModels, out: Path) -> None:
        optimize(models.dense, out, "--step", "float16")
        assert statuses(out) == {"float16": "chosen"}
        assert (out / "model" / "model.tflite").is_file()

    @pytest.mark.slow
    def test_a_step_that_is_only_for_saved_models_makes_one(self, models: SampleModels, out: Path) -> None:
        optimize(models.dense, out, "--step", "pruning:sparsity=0.3", "--step", "freeze")
        assert statuses(out) == {"pruned 30% + freeze": "chosen", "pruned 30% + strip": "skipped"}
        assert (out / "model" / "saved_model.pb").is_file()

    @pytest.mark.slow
    def test_they_are_done_in_their_order_and_the_limit_is_the_gates(
        self, models: SampleModels, data: Path, out: Path
    ) -> None:
        steps = ["--step", "pruning:sparsity=0.2,schedule=at-once", "--step", "full-integer"]
        optimize(models.dense, out, "--data", data, *steps, "--max-accuracy-loss", 0.2)
        assert statuses(out) == {"pruned 20% + fullInteger": "chosen"}
        rules = outcome_in(out).candidates[0].rules
        assert [(rule.rule, rule.limit) for rule in rules] == [("maxAccuracyLoss", 0.2)]

    def test_a_given_student_is_compared_with_its_teacher(self, models: SampleModels, data: Path, out: Path) -> None:
        options = ["--data", data, "--step", "distillation", "--student", models.keras_file]
        output = optimize(models.dense, out, *options, code=2)
        assert "the student does not match the signature of its teacher" in output
        assert not (out / "model").exists()

    @pytest.mark.parametrize(
        ("steps", "sentence"),
        [
            (["dynamic-range", "pruning:sparsity=0.5"], "use pruning, dynamic-range quantization"),
            (["bfloat16", "freeze"], "bfloat16 is baked into a frozen graph and comes last"),
            (["strip", "freeze", "bfloat16"], "leave strip out"),
            (["strip", "freeze"], "keep one of them"),
            (["float16", "dynamic-range"], "one quantization at most"),
            (["freeze", "float16"], "float16 quantization is not offered for SavedModels"),
            (["full-integer"], "evaluation data: --data FILE"),
        ],
    )
    def test_an_illegal_order_or_combination_names_the_legal_one(
        self, steps: list[str], sentence: str, models: SampleModels, out: Path
    ) -> None:
        options = [word for step in steps for word in ("--step", step)]
        assert sentence in optimize(models.dense, out, *options, code=2)
        assert not out.exists()

    def test_a_model_that_no_processor_serves_is_unsupported(self, models: SampleModels, out: Path) -> None:
        output = optimize(models.dense, out, "--step", "bfloat16", "--architecture", "arm64", code=4)
        assert "bfloat16 is for x86_64, got arm64" in output


class TestBadInput:
    @pytest.mark.parametrize(
        ("options", "sentence"),
        [
            (["--step", "float16", "--objective", "size"], "--objective is for a search, and --step makes exactly one"),
            (["--objective", "latency", "--max-trials", "3"], "--objective, --max-trials is for a search"),
            (["--objective", "size"], "--objective is for a search; add --search, or leave it out"),
            (["--step", "float16", "--search"], "--search is for a search, and --step makes exactly one candidate"),
            (["--search"], "--search needs labels to decide by, and there is no --data"),
            (["--max-accuracy-loss", "0.1"], "--max-accuracy-loss needs labels, and there is no --data"),
            (
                ["--data", "unlabelled", "--max-error-increase", "0.1"],
                "--max-error-increase needs labels, and the data",
            ),
            (["--step", "strip", "--format", "litert"], "strip has no effect on a LiteRT model"),
            (["--data", "unlabelled", "--search", "--objective", "size"], "labels to decide by, and the data has none"),
            (["--step", "shrink"], "there is no such step"),
            (["--data", "nowhere.npz"], "nowhere.npz does not exist"),
        ],
    )
    def test_options_without_effect_are_refused_before_the_job_starts(
        self, options: list[str], sentence: str, models: SampleModels, out: Path
    ) -> None:
        options = [str(models.unlabelled) if option == "unlabelled" else option for option in options]
        assert sentence in optimize(models.dense, out, *options, code=2)
        assert not out.exists()

    def test_a_model_that_does_not_exist(self, tmp_path: Path, out: Path) -> None:
        assert "does not exist" in optimize(tmp_path / "nowhere", out, code=2)


def test_the_help_says_what_it_does_without_data_and_which_steps_there_are() -> None:
    done = CliRunner().invoke(app, ["optimize", "--help"], env={"COLUMNS": "80"})
    assert done.exit_code == 0
    words = " ".join(done.output.replace("│", " ").split())
    for steps in ("pruning (sparsity, schedule, epochs)", "distillation (size, temperature, alpha, epochs, augment)"):
        assert steps in words
    for word in ("for saved_model stripping", "full-integer"):
        assert word in words
