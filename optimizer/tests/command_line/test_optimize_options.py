"""Options of `optimize` that describe what a model does not say of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tensorflow_optimizer.command_line.failure import hints_in
from tensorflow_optimizer.command_line.option_values import parse_shapes, parse_tasks, read_labels
from tensorflow_optimizer.documents.job import ModelTask, StatefulBehavior
from tensorflow_optimizer.documents.outcome import Outcome
from tensorflow_optimizer.errors import BadInputError, ExitCode
from test_optimize_command import job_in, optimize, outcome_in

if TYPE_CHECKING:
    from pathlib import Path

    from sample_models import SampleModels


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.mark.slow
def test_each_is_a_member_of_the_job(models: SampleModels, tmp_path: Path, out: Path) -> None:
    (tmp_path / "classes.txt").write_text("zéro\none\ntwo words\nthree\n", encoding="utf-8")
    described = ["--signature", "serving_default", "--tag", "serve", "--task", "probabilities=multiclass"]
    named = ["--name", "digits", "--labels", tmp_path / "classes.txt", "--input-shape", "features=-1,16"]
    others = ["--stateful", "reset_per_request", "--warmup-records", 0, "--format", "saved_model", "--step", "strip"]
    others += ["--allowed-operation", "ReadFile"]
    optimize(models.dense, out, "--data", models.labelled, *described, *named, *others)

    job = job_in(out)
    assert job.model == "digits"
    assert job.labels == ["zéro", "one", "two words", "three"]
    assert job.tasks == {"probabilities": ModelTask.MULTICLASS}
    assert job.warmup_records == 0
    source = job.source
    assert (source.signature_name, source.tags) == ("serving_default", ["serve"])
    assert source.input_shapes == {"features": [-1, 16]}
    assert source.stateful is StatefulBehavior.RESET_PER_REQUEST
    assert source.allowed_operations == ["ReadFile"]
    assert not (out / "model" / "assets.extra").exists()


@pytest.mark.slow
def test_a_model_with_an_open_dimension_is_refused_in_a_sentence_that_names_the_option(
    models: SampleModels, out: Path
) -> None:
    output = optimize(models.audio, out, code=4)
    assert "give the input shapes" in output
    assert "input shapes: --input-shape NAME=-1,16000, where -1 is the batch" in output

    optimize(models.audio, out, "--input-shape", "sound=1600")
    assert outcome_in(out).exit_code == 0
    assert job_in(out).source.input_shapes == {"sound": [1600]}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--input-shape", "1,16000"], "--input-shape 1,16000 names nothing: write it as NAME=1,16000"),
        (["--input-shape", "x=1,many"], "--input-shape x=1,many is no shape: give whole numbers"),
        (["--input-shape", "x=1", "--input-shape", "x=2"], "--input-shape is given twice for 'x'"),
        (["--task", "y=guess"], "--task y=guess names no task: give one of multiclass, binary, multilabel, regression"),
        (["--name", "Digits!"], "--name Digits! names no model: give at most 63 letters"),
        (["--labels", "nowhere.txt"], "nowhere.txt does not exist"),
        (["--warmup-records", "3"], "--warmup-records is for --format saved_model with --data"),
        (["--step", "full-integer"], "evaluation data: --data FILE"),
        (["--max-loss", "recall"], "--max-loss recall names nothing: write it as METRIC=LIMIT"),
        (["--max-loss", "recall:one=0.1"], "--max-loss recall:one=0.1 is no limit: give METRIC=LIMIT"),
        (["--max-loss", "kappa=0.1"], "METRIC being one of accuracy, balancedAccuracy, recall"),
        (["--max-loss", "f1=nan"], "--max-loss f1=nan is no limit"),
        (["--max-loss", "f1=-0.01"], "--max-loss f1=-0.01 is no limit"),
        (["--max-loss", "f1=1"], "LIMIT at least 0 and below 1: one point is 0.01"),
        (["--max-loss", "f1=0.1", "--max-loss", "f1=0.2"], "--max-loss is given twice for 'f1'"),
        (["--max-loss", "f1=0.1"], "need labels; give --data with labels"),
    ],
)
def test_invalid_options_are_refused_before_the_job_starts(
    options: list[str], sentence: str, models: SampleModels, out: Path
) -> None:
    assert sentence in optimize(models.dense, out, *options, code=2)
    assert not out.exists()


def test_a_keras_file_has_neither_tags_nor_signatures(models: SampleModels, out: Path) -> None:
    output = optimize(models.keras_file, out, "--tag", "serve", "--signature", "s", code=2)
    assert "--signature, --tag has no effect on a .keras file" in output


def test_names_may_have_equals_signs_and_colons() -> None:
    assert parse_shapes(["a=b:0=1,-1"]) == {"a=b:0": [1, -1]}
    assert parse_shapes([]) is None
    assert parse_tasks(["y:0=regression"]) == {"y:0": ModelTask.REGRESSION}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"a\n\nb\n", "line 2 of"), (b"a\nb\na\n", "names the class 'a' twice"), (b"\xff\xfe", "is no text in UTF-8")],
)
def test_a_file_of_labels_has_one_name_on_each_line(content: bytes, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_bytes(content)
    with pytest.raises(BadInputError, match=sentence):
        read_labels(tmp_path / "labels.txt")


def test_an_outcome_without_hints_gets_no_option() -> None:
    assert hints_in(Outcome(exit_code=ExitCode.DONE, sentence="float16 passed")) == []


def test_a_comparison_needs_the_version_that_serves(models: SampleModels, out: Path) -> None:
    options = ["--data", models.labelled, "--not-worse-than-serving", "f1=0.01"]
    assert "compares with the version in --serving: give both" in optimize(models.dense, out, *options, code=2)


def test_limits_on_metrics_are_rules_of_the_gate(models: SampleModels, out: Path) -> None:
    limits = ["--max-loss", "recall:1@probabilities=0.2", "--max-loss", "balanced-accuracy=0.1"]
    optimize(models.dense, out, "--data", models.labelled, "--step", "dynamic-range", *limits)

    assert [rule.sentence.split(" 0")[0] for rule in outcome_in(out).candidates[0].rules if rule.metric] == [
        "loss of recall of the class 1 of 'probabilities'",
        "loss of balanced accuracy of 'probabilities'",
    ]
    gate = job_in(out).gate
    assert gate is not None
    assert [(rule.rule, rule.value, rule.metric and rule.metric.key) for rule in gate.rules] == [
        ("maxLoss", 0.2, "recall:1"),
        ("maxLoss", 0.1, "balancedAccuracy"),
    ]
    assert gate.rules[0].metric is not None
    assert gate.rules[0].metric.output == "probabilities"
