"""Full-integer quantization that wins back what it loses, as a whole job."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow as tf
from sample_badly_scaled import badly_scaled, stripes
from sample_jobs import FULL_INTEGER, job_data
from tensorflow_optimizer.command_line.app import app
from tensorflow_optimizer.documents.job import Job
from tensorflow_optimizer.documents.outcome import Outcome, Split
from tensorflow_optimizer.errors import BadInputError
from tensorflow_optimizer.runners import LiteRtRunner
from tensorflow_optimizer.runners.describe import describe_signatures
from tensorflow_optimizer.search.space import litert_space
from typer.testing import CliRunner

if TYPE_CHECKING:
    from pathlib import Path

    from sample_jobs import Runs
    from sample_models import SampleModels

STEP = {"step": "quantization", "mode": "fullInteger", "recover": "withoutTraining"}
RECOVERING: dict[str, Any] = {"kind": "steps", "steps": [STEP]}
TRAINING: dict[str, Any] = {"kind": "steps", "steps": [{**STEP, "recover": "withTraining"}]}
PLAIN, EQUALIZED, CORRECTED, TRAINED = (
    "fullInteger",
    "fullInteger equalized",
    "fullInteger bias-corrected",
    "fullInteger trained",
)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return badly_scaled(tmp_path_factory.mktemp("network") / "model")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    images, labels = stripes(400, seed=3)
    file = tmp_path_factory.mktemp("data") / "data.npz"
    np.savez(file, image=images, labels=labels)
    return file


#: Images that no job has seen.
IMAGES, LABELS = stripes(300, seed=4)


def accuracy(answers: Any) -> float:
    return float((answers.argmax(axis=1) == LABELS).mean())


def test_what_equalization_wins_back_is_published_through_the_command_line(
    network: Path, data: Path, tmp_path: Path
) -> None:
    step = "full-integer:recover=without-training"
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["optimize", str(network), "--data", str(data), "--step", step, "--out", str(out)])
    assert done.exit_code == 0, done.output
    outcome = Outcome.model_validate_json((out / "outcome.json").read_text(encoding="utf-8"))
    candidates = {candidate.name: candidate for candidate in outcome.candidates}
    assert set(candidates) == {PLAIN, EQUALIZED, CORRECTED}
    assert candidates[PLAIN].status == "rejected"
    assert "accuracy loss of 'kind'" in candidates[PLAIN].reason
    (chosen,) = (candidate for candidate in outcome.candidates if candidate.status == "chosen")
    assert chosen.metrics is not None
    assert chosen.metrics.split is Split.GATE
    # Compared with the floats that it was made from, whose channels have the same scales.
    assert chosen.layers
    assert max(layer.error for layer in chosen.layers) < 0.1
    (other,) = (candidate for candidate in outcome.candidates if candidate.status == "passed")
    assert other.reason.startswith(f"{chosen.name} passed as well and lost ")
    content = (out / "model" / "model.tflite").read_bytes()
    published = LiteRtRunner(content, describe_signatures(content, {"serving_default": True}))
    floats = tf.saved_model.load(str(network)).signatures["serving_default"](image=tf.constant(IMAGES))
    answers = published.run("serving_default", {"image": IMAGES})
    assert accuracy(answers["kind"]) > accuracy(floats["kind"].numpy()) - 0.01


@pytest.mark.slow  # three jobs
def test_the_same_job_makes_the_same_bytes_and_the_plain_quantization_is_refused(
    network: Path, data: Path, runs: Runs
) -> None:
    digests = {
        hashlib.sha256((runs(network, data, recipe=RECOVERING).output / "model" / "model.tflite").read_bytes()).digest()
        for _ in range(2)
    }
    assert len(digests) == 1
    assert runs(network, data, recipe=FULL_INTEGER).statuses == {PLAIN: "rejected"}


@pytest.mark.slow  # a whole job, of six conversions
def test_a_tflite_file_of_floats_is_recovered_too(network: Path, data: Path, runs: Runs, tmp_path: Path) -> None:
    file = tmp_path / "model.tflite"
    file.write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(network)).convert())
    source = {"packaging": "file", "fileName": "model.tflite"}
    result = runs(file, data, source=source, recipe=RECOVERING)
    assert result.published.candidate in {EQUALIZED, CORRECTED}


@pytest.mark.slow  # a whole job, of six conversions
def test_a_network_without_channels_to_equalize_still_gets_other_biases(data: Path, runs: Runs, tmp_path: Path) -> None:
    swish = badly_scaled(tmp_path / "model", tf.nn.swish)
    loose = {"rules": [{"rule": "maxAccuracyLoss", "value": 0.9}]}
    result = runs(swish, data, recipe=RECOVERING, gate=loose)
    statuses = result.statuses
    assert statuses[EQUALIZED] == "failed"
    (equalized,) = (candidate for candidate in result.outcome.candidates if candidate.name == EQUALIZED)
    assert "no channels can be equalized" in equalized.reason
    assert statuses[CORRECTED] in {"chosen", "passed", "rejected"}


@pytest.mark.slow  # trains twice, once in floats, and all of it again
def test_training_wins_back_what_equalization_cannot(runs: Runs, tmp_path: Path) -> None:
    swish = badly_scaled(tmp_path / "model", tf.nn.swish, spread=1.5)
    images, labels = stripes(900, seed=3)
    np.savez(tmp_path / "data.npz", image=images, labels=labels)
    results = [runs(swish, tmp_path / "data.npz", recipe=TRAINING) for _ in range(2)]
    candidates = {candidate.name: candidate for candidate in results[0].outcome.candidates}
    assert candidates[PLAIN].status == "rejected"
    assert candidates[EQUALIZED].status == "failed"
    assert candidates[TRAINED].status == "chosen"
    assert candidates[TRAINED].metrics is not None
    (metrics,) = candidates[TRAINED].metrics.outputs.values()
    assert metrics.accuracy_of_trained_floats is not None
    assert metrics.loss_to_trained_floats is not None
    assert metrics.accuracy is not None
    assert metrics.accuracy_of_trained_floats - metrics.accuracy == pytest.approx(metrics.loss_to_trained_floats.value)
    digests = {hashlib.sha256((result.output / "model" / "model.tflite").read_bytes()).digest() for result in results}
    assert len(digests) == 1


@pytest.mark.own_process
@pytest.mark.slow  # a whole job, of four conversions
def test_candidates_share_what_is_pruned_before(models: SampleModels, runs: Runs) -> None:
    pruning = {"step": "pruning", "sparsity": 0.5}
    loose = {"rules": [{"rule": "maxAccuracyLoss", "value": 0.9}]}
    result = runs(models.dense, models.labelled, recipe={"kind": "steps", "steps": [pruning, STEP]}, gate=loose)
    before = "pruned 50% + "
    statuses = {name.removeprefix(before): status for name, status in result.statuses.items()}
    assert set(statuses) == {PLAIN, EQUALIZED, CORRECTED}
    reasons = [candidate.reason for candidate in result.outcome.candidates]
    assert "failed" not in statuses.values(), reasons


def test_training_needs_enough_samples_and_the_other_measures_do_not(network: Path, runs: Runs, tmp_path: Path) -> None:
    images, labels = stripes(100, seed=3)
    np.savez(tmp_path / "few.npz", image=images, labels=labels)
    result = runs(network, tmp_path / "few.npz", recipe=TRAINING)
    statuses = result.statuses
    assert statuses[TRAINED] == "failed"
    assert "chosen" in {statuses[EQUALIZED], statuses[CORRECTED]}


def test_it_is_refused_in_a_search_and_for_other_quantizations() -> None:
    recipe = {"kind": "search", "search": {"objective": "size"}, "steps": [STEP]}
    job = Job.model_validate(job_data(recipe=recipe))
    assert job.recipe.search is not None
    with pytest.raises(BadInputError, match="a search compares candidates of one each"):
        litert_space(job, job.recipe.search)
    with pytest.raises(ValueError, match="recover may be given for full-integer quantization only, got float16"):
        Job.model_validate(job_data(recipe={"kind": "steps", "steps": [{**STEP, "mode": "float16"}]}))


def test_it_needs_evaluation_data(network: Path, runs: Runs) -> None:
    result = runs(network, recipe=RECOVERING)
    assert result.code == 2
    assert "full-integer quantization needs evaluation data" in result.sentence
