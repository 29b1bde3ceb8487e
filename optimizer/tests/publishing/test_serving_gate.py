"""The gate on the version that serves: published, fetched by its record, and measured on the same rows."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
import tensorflow as tf
from publishing_samples import KEY, PREFIX
from sample_functions import FEATURES, dense_data, dense_weights, function, spec
from sample_jobs import DYNAMIC_RANGE, STRIP, job_data
from tensorflow_optimizer.candidates.evaluator import refusal
from tensorflow_optimizer.command_line.app import app
from tensorflow_optimizer.documents.job import Job, ModelTask
from tensorflow_optimizer.documents.outcome import (
    Candidate,
    CandidateStatus,
    EvidenceKind,
    Loss,
    Metrics,
    Outcome,
    OutputMetrics,
    RuleResult,
)
from tensorflow_optimizer.errors import BadInputError, ExitCode
from tensorflow_optimizer.evaluation import OutputTask
from tensorflow_optimizer.fetching.serving import fetch_serving
from tensorflow_optimizer.hints import Hint
from tensorflow_optimizer.publishing.publish import publish_build
from tensorflow_optimizer.publishing.target import Target
from tensorflow_optimizer.reference.serving import ServingVersion
from tensorflow_optimizer.report.write import write_report
from tensorflow_optimizer.storage.checksums import write_checksums
from tensorflow_optimizer.storage.s3 import Bucket
from tensorflow_optimizer.supervision.output import UNFINISHED_FILE
from tensorflow_optimizer.supervision.supervise import supervise
from typer.testing import CliRunner

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mypy_boto3_s3 import S3Client
    from sample_jobs import Result, Runs
    from sample_models import SampleModels
    from tensorflow_optimizer.documents.record import Record

    Publish = Callable[[Result], Record]

NAMES = ["apple", "pear", "cherry", "quince"]
WORSE = {"kind": "steps", "steps": [{"step": "pruning", "sparsity": 0.9, "schedule": "atOnce"}]}


def not_worse(name: str = "accuracy", margin: float = 0.02, **metric: Any) -> dict[str, Any]:
    """Return a gate on the version that serves, and none on the original: that may lose all of its accuracy."""
    rule = {"rule": "notWorseThanServing", "value": margin, "metric": {"name": name, **metric}}
    return {"rules": [rule, {"rule": "maxAccuracyLoss", "value": 0.99}]}


@pytest.fixture
def published(s3: S3Client) -> Publish:
    """Return a function that publishes what a job made, and returns its record."""

    def publish(result: Result) -> Record:
        data = json.loads(result.published.to_json())
        job = Job.model_validate(
            {
                "model": data["model"],
                "format": data["format"],
                "source": {"packaging": "zip", "identity": {"digest": "0" * 64}},
                "recipe": data["recipe"],
                "labels": data.get("labels"),
                "toolchain": {"behaviorVersion": 1, "tensorflow": "2", "litert": "2"},
            }
        )
        (result.output / "outcome.json").write_text(result.outcome.to_json())
        write_report(result.output, job, result.outcome, result.published)
        write_checksums(result.output)
        record = publish_build(Target(Bucket("models", s3), PREFIX, "b-1", KEY, ""), job, result.output, None, print)
        assert record is not None
        return record

    return publish


@pytest.fixture
def fetched(s3: S3Client, tmp_path: Path) -> Callable[[Record], Path]:
    """Return a function that fetches a version by its record."""

    def fetch(record: Record) -> Path:
        where = tmp_path / "serving"
        fetch_serving(Bucket("models", s3), record.manifest_key, record.manifest_sha256, where, print)
        return where

    return fetch


@pytest.mark.parametrize("kind", ["litert", "saved_model"])
def test_a_version_that_is_worse_than_the_one_that_serves_is_refused(
    runs: Runs, models: SampleModels, published: Publish, fetched: Callable[[Record], Path], kind: str
) -> None:
    first = runs(models.dense, models.labelled, recipe=STRIP if kind == "saved_model" else DYNAMIC_RANGE, format=kind)
    serving = fetched(published(first))
    worse = runs(models.dense, models.labelled, recipe=WORSE, gate=not_worse(), format=kind, serving=serving)
    assert worse.code == 3, worse.sentence
    (candidate,) = worse.outcome.candidates
    assert candidate.metrics is not None
    assert candidate.metrics.serving_version == 1
    lost = candidate.metrics.outputs["probabilities"].serving_losses["accuracy"]
    assert 0.02 < lost.interval[0] < lost.value < lost.interval[1]
    assert "loss of accuracy against the version 1, which serves, of 'probabilities'" in worse.sentence
    # Without a version that serves, the same candidate passes, as at the first deployment.
    alone = runs(models.dense, models.labelled, recipe=WORSE, gate=not_worse(), format=kind)
    rule = alone.published.gate_results[0]
    assert (rule.rule, rule.passed) == ("notWorseThanServing", True)
    assert rule.sentence == "no version serves yet that the accuracy could be compared with"


def test_a_better_version_passes_and_its_record_says_what_it_was_compared_with(
    runs: Runs, models: SampleModels, published: Publish, fetched: Callable[[Record], Path]
) -> None:
    poor = runs(
        models.dense, models.labelled, recipe=WORSE, gate={"rules": [{"rule": "maxAccuracyLoss", "value": 0.99}]}
    )
    serving = fetched(published(poor))
    gate = not_worse("recall", 0.0, classIndex=1)
    better = runs(models.dense, models.labelled, recipe=DYNAMIC_RANGE, gate=gate, serving=serving).published
    assert better.evaluation is not None
    assert better.evaluation.serving_version == 1
    assert better.evaluation.outputs["probabilities"].serving_losses["recall:1"].value < 0
    assert [rule.passed for rule in better.gate_results] == [True, True]


def reversed_classes(directory: Path, *, damage: float = 0.0) -> Path:
    """Save the dense model with its classes in the reverse order."""
    first, second, third = (tf.constant(weights) for weights in dense_weights())
    third += damage * np.random.default_rng(1).standard_normal(third.shape).astype(np.float32)

    def body(features: Any) -> dict[str, Any]:
        hidden = tf.nn.relu(tf.nn.relu(features @ first) @ second)
        return {"probabilities": tf.nn.softmax((hidden @ third)[:, ::-1])}

    return function(directory, body, spec([None, FEATURES], "features"))


def test_classes_are_compared_by_their_names(
    runs: Runs,
    models: SampleModels,
    published: Publish,
    fetched: Callable[[Record], Path],
    tmp_path: Path,
) -> None:
    data = tmp_path / "named.npz"
    features, labels = dense_data(640)
    np.savez(data, features=features, labels=np.array(NAMES)[labels])
    first = runs(models.dense, data, recipe=DYNAMIC_RANGE, labels=NAMES)
    serving = fetched(published(first))
    gate, names = not_worse(margin=0.02), NAMES[::-1]
    model = reversed_classes(tmp_path / "same")
    same = runs(model, data, recipe=DYNAMIC_RANGE, gate=gate, labels=names, serving=serving)
    lost = same.published.evaluation.outputs["probabilities"].serving_losses["accuracy"]  # type: ignore[union-attr]  # it has labels
    assert abs(lost.value) < 0.01
    model = reversed_classes(tmp_path / "worse", damage=1.0)
    worse = runs(model, data, recipe=DYNAMIC_RANGE, gate=gate, labels=names, serving=serving)
    assert worse.code == 3
    assert "against the version 1" in worse.sentence
    assert "the new model itself is worse than the one that serves" in worse.sentence


def serving_version(names: list[str] | None, ours: list[str] | None) -> Any:
    """Return a version that serves with class names, beside a model with others."""
    manifest: Any = SimpleNamespace(labels=names, version=3)
    return ServingVersion(manifest, cast("Any", None), ours)


@pytest.mark.parametrize(
    ("task", "answers", "expected"),
    [
        (OutputTask(ModelTask.MULTICLASS), [[0.1, 0.9]], [[0.9, 0.1]]),
        (OutputTask(ModelTask.MULTICLASS, indices=True), [0, 1, 7], [1, 0, 7]),
        (OutputTask(ModelTask.BINARY), [[0.25], [0.75]], [[0.75], [0.25]]),
        (OutputTask(ModelTask.BINARY, logits=True), [[-3.0], [2.0]], [[3.0], [-2.0]]),
        (OutputTask(ModelTask.BINARY, indices=True), [True, False], [False, True]),
        (OutputTask(ModelTask.REGRESSION), [[0.1, 0.9]], [[0.1, 0.9]]),
    ],
)
def test_answers_are_put_into_the_order_of_the_names(task: OutputTask, answers: Any, expected: Any) -> None:
    given = np.array(answers)
    assert serving_version(["cat", "dog"], ["dog", "cat"])._in_our_order(task, given).tolist() == expected
    for theirs, ours in ((["cat", "dog"], ["cat", "dog"]), (None, ["dog", "cat"]), (["cat", "dog"], None)):
        assert serving_version(theirs, ours)._in_our_order(task, given).tolist() == answers


def test_other_classes_are_the_reason_that_nothing_can_be_compared() -> None:
    other = serving_version(["cat", "dog", "owl"], ["cat", "dog"])
    with pytest.raises(BadInputError, match="has the classes cat, dog, owl, and the new model has cat, dog") as caught:
        other._in_our_order(OutputTask(ModelTask.MULTICLASS), np.eye(3))
    assert list(caught.value.hints) == [Hint.SERVING_RULE]


@pytest.mark.parametrize(
    ("own", "said"),
    [(0.0, "the new model itself is worse than the one that serves"), (0.09, "choose a milder recipe")],
    ids=["a worse model", "a recipe that lost it"],
)
def test_the_way_out_is_of_what_lost_it(own: float, said: str) -> None:
    losses = {name: Loss(value=value, interval=(value, value)) for name, value in (("own", own), ("serving", 0.1))}
    output = OutputMetrics(
        task="multiclass", losses={"accuracy": losses["own"]}, serving_losses={"accuracy": losses["serving"]}
    )
    broken = RuleResult(
        rule="notWorseThanServing",
        limit=0.02,
        measured=0.1,
        passed=False,
        sentence="worse",
        output="y",
        metric="accuracy",
    )
    metrics = Metrics(evidence=EvidenceKind.LABELS, samples=9, outputs={"y": output}, size_bytes=1)
    candidate = Candidate(name="float16", status=CandidateStatus.REJECTED, metrics=metrics, rules=[broken])
    assert said in str(refusal([candidate]))


def test_a_directory_without_a_manifest_is_no_version_that_serves(
    runs: Runs, models: SampleModels, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    result = runs(models.dense, models.labelled, recipe=DYNAMIC_RANGE, gate=not_worse(), serving=tmp_path / "empty")
    assert result.code == 2
    assert "no manifest.json in it" in result.sentence


def test_a_search_compares_its_candidates_too(
    runs: Runs, models: SampleModels, published: Publish, fetched: Callable[[Record], Path]
) -> None:
    serving = fetched(published(runs(models.dense, models.labelled, recipe=DYNAMIC_RANGE)))
    recipe = {"kind": "search", "search": {"objective": "size", "maxTrials": 2}}
    result = runs(models.dense, models.labelled, recipe=recipe, gate=not_worse(), serving=serving)
    assert result.published.evaluation is not None
    assert result.published.evaluation.serving_version == 1


def test_a_version_with_other_inputs_cannot_be_compared_and_the_sentence_says_the_way_out(
    runs: Runs, models: SampleModels, published: Publish, fetched: Callable[[Record], Path]
) -> None:
    serving = fetched(published(runs(models.keras_file, recipe="none")))
    result = runs(models.dense, models.labelled, recipe=DYNAMIC_RANGE, gate=not_worse(), serving=serving)
    assert result.code == 2
    assert "which serves, has the inputs image, and the evaluation data has features; leave the rule" in result.sentence
    assert result.outcome.hints == [Hint.SERVING_RULE]


@pytest.mark.parametrize("name", ["manifest.json", "model.tflite"])
def test_a_file_that_was_changed_is_refused(
    runs: Runs,
    models: SampleModels,
    published: Publish,
    fetched: Callable[[Record], Path],
    s3: S3Client,
    name: str,
) -> None:
    record = published(runs(models.dense, models.labelled, recipe=DYNAMIC_RANGE))
    key = f"{record.manifest_key.rpartition('/')[0]}/{name}"
    content = s3.get_object(Bucket="models", Key=key)["Body"].read()
    s3.put_object(Bucket="models", Key=key, Body=content + b" ")
    with pytest.raises(BadInputError, match=f"{name}.* of the version that serves,? has the SHA-256"):
        fetched(record)


def test_samples_are_the_same_rows_for_both(
    runs: Runs, models: SampleModels, published: Publish, fetched: Callable[[Record], Path], tmp_path: Path
) -> None:
    serving = fetched(published(runs(models.dense, models.labelled, recipe=DYNAMIC_RANGE)))
    features, labels = dense_data(900)
    np.savez(tmp_path / "other.npz", features=features, labels=labels)
    again = runs(models.dense, tmp_path / "other.npz", recipe=DYNAMIC_RANGE, gate=not_worse(), serving=serving)
    figures = again.published.evaluation.outputs["probabilities"]  # type: ignore[union-attr]  # it has labels
    assert figures.serving_losses["accuracy"].value == 0


def test_the_isolated_process_of_a_job_may_read_the_version_that_serves(
    runs: Runs, models: SampleModels, published: Publish, fetched: Callable[[Record], Path], tmp_path: Path
) -> None:
    serving = fetched(published(runs(models.dense, models.labelled, recipe=DYNAMIC_RANGE)))
    evaluation = {"packaging": "file", "fileName": "labelled.npz", "identity": {"digest": "1" * 64}}
    asked = job_data(recipe=DYNAMIC_RANGE, gate=not_worse(), evaluation=evaluation)
    (tmp_path / "job.json").write_text(json.dumps(asked))
    outcome = supervise(tmp_path / "job.json", models.dense, models.labelled, tmp_path / "supervised", serving=serving)
    assert outcome.exit_code == 0, outcome.sentence
    (candidate,) = outcome.candidates
    assert candidate.metrics is not None
    assert candidate.metrics.serving_version == 1


@pytest.mark.parametrize(
    ("step", "code"),
    [("dynamic-range", ExitCode.DONE), ("pruning:sparsity=0.9,schedule=at-once", ExitCode.GATE)],
)
def test_the_command_compares_with_the_version_that_was_fetched(
    runs: Runs,
    models: SampleModels,
    published: Publish,
    fetched: Callable[[Record], Path],
    tmp_path: Path,
    step: str,
    code: ExitCode,
) -> None:
    serving = fetched(published(runs(models.dense, models.labelled, recipe=DYNAMIC_RANGE)))
    asked = ["--not-worse-than-serving", "accuracy=0.02", "--serving", serving, "--max-accuracy-loss", "0.99"]
    options = ["--data", models.labelled, "--step", step, *asked, "--out", tmp_path / "out"]
    done = CliRunner().invoke(app, ["optimize", str(models.dense), *map(str, options)])
    assert done.exit_code == code, done.output
    outcome = Outcome.model_validate_json((tmp_path / "out" / "outcome.json").read_text(encoding="utf-8"))
    (candidate,) = outcome.candidates
    assert candidate.metrics is not None
    assert candidate.metrics.serving_version == 1
    assert ("loss of accuracy against the version 1" in outcome.sentence) == (code is ExitCode.GATE)


def test_a_version_that_the_output_would_replace_is_refused(models: SampleModels, tmp_path: Path) -> None:
    serving = tmp_path / "model" / "serving"
    serving.mkdir(parents=True)
    (tmp_path / UNFINISHED_FILE).touch()
    asked = ["--not-worse-than-serving", "accuracy=0.02", "--serving", serving]
    options = ["--data", models.labelled, *asked, "--out", tmp_path]
    done = CliRunner().invoke(app, ["optimize", str(models.dense), *map(str, options)])
    assert done.exit_code == ExitCode.BAD_INPUT, done.output
    assert "is in what a run replaces" in done.output.replace("\n", " ")
    assert serving.is_dir()
    assert not (tmp_path / "job.json").exists()
