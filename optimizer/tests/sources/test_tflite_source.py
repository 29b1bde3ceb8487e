from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow as tf
from sample_functions import dense_data, function, spec, truncate
from sample_jobs import FLOAT16, FULL_INTEGER, gate, job_data
from tensorflow_optimizer.documents.job import Job
from tensorflow_optimizer.hints import Hint
from tensorflow_optimizer.report.advice import advise
from tensorflow_optimizer.runners import LiteRtRunner
from tensorflow_optimizer.runners.flatbuffer import pack, unpack

if TYPE_CHECKING:
    from pathlib import Path

    from sample_jobs import Runs
    from sample_models import SampleModels


def test_the_file_is_served_unchanged_where_that_is_asked(models: SampleModels, runs: Runs) -> None:
    result = runs(models.static_tflite, models.labelled, recipe="none")
    assert result.statuses == {"none": "chosen"}
    assert (result.output / "model" / "model.tflite").read_bytes() == models.static_tflite.read_bytes()
    assert result.published.evaluation is not None
    assert result.published.evaluation.outputs["probabilities"].accuracy_loss == 0


def test_an_unknown_batch_is_served_row_by_row(models: SampleModels, runs: Runs) -> None:
    draft = runs(models.tflite).published
    signature = draft.signatures["serving_default"]
    assert signature.batched
    assert signature.inputs["features"].shape == [-1, 16]
    assert signature.inputs["features"].tensor is not None
    assert signature.inputs["features"].tensor.shape == [1, 16]


def test_nothing_advises_to_quantize_what_is_quantized(models: SampleModels, runs: Runs) -> None:
    outcome = runs(models.int8_tflite).outcome
    job = Job.model_validate(job_data())
    for text in (*outcome.warnings, *advise(job, outcome)):
        assert "dynamic" not in text
    assert any("dynamic range" in text for text in advise(job, runs(models.tflite).outcome))


def test_a_fixed_batch_with_one_score_is_judged_by_its_labels(runs: Runs, tmp_path: Path) -> None:
    weights = tf.constant(np.random.default_rng(3).standard_normal((16, 1)), tf.float32)

    def body(features: Any) -> dict[str, Any]:
        return {"spam": tf.sigmoid(features @ weights)}

    directory = function(tmp_path / "binary", body, spec([1, 16], "features"))
    file = tmp_path / "binary.tflite"
    file.write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(directory)).convert())
    features = np.random.default_rng(4).standard_normal((600, 16)).astype(np.float32)
    labels = (features @ weights.numpy() > 0)[:, 0]
    np.savez(tmp_path / "data.npz", features=features, labels=labels.astype(int))
    published = runs(file, tmp_path / "data.npz").published
    assert published.evaluation is not None
    figures = published.evaluation.outputs["spam"]
    assert figures.task == "binary (probabilities, inferred)"
    assert (figures.accuracy, figures.balanced_accuracy, figures.accuracy_loss) == (1, 1, 0)
    assert [rule.rule for rule in published.gate_results] == ["maxAccuracyLoss"]


@pytest.mark.parametrize("recipe", [FLOAT16, FULL_INTEGER], ids=["float16", "fullInteger"])
def test_a_file_that_is_quantized_cannot_be_quantized_again(
    recipe: dict[str, Any], models: SampleModels, runs: Runs
) -> None:
    result = runs(models.int8_tflite, models.labelled, recipe=recipe)
    assert result.code == 4
    assert "the .tflite file is quantized already" in result.sentence
    assert Hint.TENSORFLOW_SERVING not in result.outcome.hints


def test_a_file_cannot_be_pruned(models: SampleModels, runs: Runs) -> None:
    pruning = {"kind": "steps", "steps": [{"step": "pruning", "sparsity": 0.5}]}
    result = runs(models.tflite, models.labelled, recipe=pruning)
    assert result.code == 4
    assert "cannot be trained, so that it cannot be pruned" in result.sentence


def test_integers_inside_and_real_values_outside(models: SampleModels, runs: Runs) -> None:
    result = runs(models.int8_tflite, models.labelled)
    assert result.statuses == {"none": "chosen"}
    signature = result.published.signatures["serving_default"]
    tensor = signature.inputs["features"].tensor
    assert tensor is not None
    assert (signature.inputs["features"].dtype, tensor.dtype) == ("float32", "int8")
    assert tensor.quantization is not None
    assert tensor.quantization.scale > 0
    assert result.published.original is not None
    accuracy = result.published.original.outputs["probabilities"].accuracy
    assert accuracy is not None
    assert accuracy > 0.85
    runner = LiteRtRunner((result.output / "model" / "model.tflite").read_bytes(), result.published.signatures)
    features, labels = dense_data(50)
    answers = runner.run("serving_default", {"features": features})["probabilities"]
    assert answers.dtype == np.float32
    assert (answers.argmax(axis=1) == labels).mean() > 0.85


def test_flex_operators_are_refused(models: SampleModels, runs: Runs) -> None:
    result = runs(models.flex_tflite)
    assert result.code == 4
    assert "needs Flex operators (FlexMatrixDeterminant)" in result.sentence
    assert "give the SavedModel that it was made of, and serve that with TensorFlow Serving" in result.sentence
    assert result.outcome.hints == []


def test_a_file_without_signatures_gets_one(models: SampleModels, runs: Runs, tmp_path: Path) -> None:
    model = unpack(models.tflite.read_bytes())
    model.signatureDefs = []
    (tmp_path / "old.tflite").write_bytes(pack(model))
    result = runs(tmp_path / "old.tflite")
    assert list(result.published.signatures) == ["serving_default"]
    assert any("has no signature" in warning for warning in result.outcome.warnings)


@pytest.mark.parametrize(("recipe", "share"), [(FLOAT16, 0.65), (FULL_INTEGER, 0.45)], ids=["float16", "fullInteger"])
def test_the_operators_of_an_old_file_are_quantized(
    recipe: dict[str, Any], share: float, models: SampleModels, runs: Runs, tmp_path: Path
) -> None:
    model = unpack(models.static_tflite.read_bytes())
    for code in model.operatorCodes:
        code.deprecatedBuiltinCode, code.builtinCode = code.builtinCode, 0
    (tmp_path / "old.tflite").write_bytes(pack(model))
    loose = gate(("maxAccuracyLoss", 0.1))
    published = runs(tmp_path / "old.tflite", models.labelled, recipe=recipe, gate=loose).published
    assert published.size_bytes < share * (tmp_path / "old.tflite").stat().st_size


def test_a_step_that_changes_nothing_is_not_published_under_its_name(runs: Runs, tmp_path: Path) -> None:
    file = tmp_path / "sum.tflite"
    directory = function(tmp_path / "sum", lambda x: {"y": tf.reduce_sum(x, axis=1) + x[:, 0]}, spec([1, 4], "x"))
    file.write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(directory)).convert())
    for model, unchanged in ((file, "none"), (directory, "float32")):
        refused = runs(model, recipe=FLOAT16)
        assert refused.code == 4
        assert "quantization to float16 changes nothing in this model" in refused.sentence
        assert refused.outcome.hints == [Hint.RECIPE_UNCHANGED]
        assert runs(model).statuses == {"float16": "failed", unchanged: "chosen"}


def test_a_file_that_was_cut_short_is_refused(models: SampleModels, runs: Runs, tmp_path: Path) -> None:
    copy = tmp_path / "cut.tflite"
    copy.write_bytes(models.tflite.read_bytes())
    result = runs(truncate(copy, 0.5))
    assert result.code == 2
    assert "cut short or corrupt" in result.sentence


def test_state_is_refused_or_reset(models: SampleModels, runs: Runs) -> None:
    refused = runs(models.counter_tflite)
    assert refused.code == 4
    assert "ASSIGN_VARIABLE" in refused.sentence
    assert "reset the state for each request" in refused.sentence
    assert "give the SavedModel that it was made of" in refused.sentence
    assert refused.outcome.hints == [Hint.STATE_RESET]
    draft = runs(models.counter_tflite, source={"stateful": "reset_per_request"}).published
    assert draft.reset_state
    assert draft.requirements.runtime == "numpy"
