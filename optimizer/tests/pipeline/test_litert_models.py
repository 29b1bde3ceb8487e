from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow as tf
from sample_functions import dense_data, function, spec
from tensorflow_optimizer.hints import Hint
from tensorflow_optimizer.runners.litert_runner import open_interpreter

if TYPE_CHECKING:
    from pathlib import Path

    from sample_jobs import Runs
    from sample_models import SampleModels


def test_what_litert_computes_otherwise_is_said(runs: Runs, tmp_path: Path) -> None:
    def body(boxes: Any, scores: Any) -> dict[str, Any]:
        kept, number = tf.raw_ops.NonMaxSuppressionV4(
            boxes=boxes,
            scores=scores,
            max_output_size=4,
            iou_threshold=0.5,
            score_threshold=0.1,
            pad_to_max_output_size=True,
        )
        return {"kept": kept, "number": number}

    model = function(tmp_path / "boxes", body, spec([4, 4], "boxes"), spec([4], "scores"))
    assert any("without an area (two equal corners) several times" in text for text in runs(model).outcome.warnings)
    interpreter = open_interpreter(tf.lite.TFLiteConverter.from_saved_model(str(model)).convert())
    boxes = np.array([[0, 0, 1, 1], [0.5, 0.2, 0.5, 0.8], [0.5, 0.2, 0.5, 0.8], [0, 0, 1, 1]], np.float32)
    scores = np.array([0.9, 0.8, 0.7, 0.6], np.float32)
    answers = interpreter.get_signature_runner()(boxes=boxes, scores=scores)
    assert body(boxes, scores)["kept"].numpy().tolist()[:3] == [0, 1, 2]
    # The day that this is mended, the warning can go.
    assert answers["kept"].tolist() == [0, 1, 1, 1]


class TestModelsOfEveryShape:
    @pytest.mark.slow
    def test_two_inputs_and_two_outputs_keep_their_names_and_their_order(
        self, models: SampleModels, runs: Runs
    ) -> None:
        result = runs(models.two_inputs, recipe="none")
        zeta, alpha = np.arange(6, dtype=np.float32).reshape(2, 3), np.ones((2, 3), np.float32)
        answers = result.predict({"zeta": zeta, "alpha": alpha})
        np.testing.assert_allclose(answers["difference"], zeta * 2 - alpha)
        np.testing.assert_allclose(answers["total"], (zeta + alpha).sum(axis=1, keepdims=True))
        assert result.published.requirements.runtime == "native"

    @pytest.mark.slow
    def test_several_signatures_are_published(self, models: SampleModels, runs: Runs) -> None:
        result = runs(models.two_signatures, models.labelled)
        assert list(result.published.signatures) == ["serving_default", "raw"]
        features = dense_data(3)[0]
        logits = result.predict({"features": features}, "raw")["logits"]
        probabilities = result.predict({"features": features})["probabilities"]
        np.testing.assert_allclose(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), probabilities, 1e-4)
        assert result.published.evaluation is not None
        assert "raw/logits" in result.published.evaluation.outputs

    def test_a_named_signature_is_the_only_one(self, models: SampleModels, runs: Runs) -> None:
        result = runs(models.two_signatures, source={"signatureName": "raw"}, recipe="none")
        assert list(result.published.signatures) == ["raw"]
        assert result.published.default_signature == "raw"

    @pytest.mark.slow
    def test_a_bidirectional_keras_file_is_quantized_and_served(self, runs: Runs, tmp_path: Path) -> None:
        layers = tf.keras.layers
        model = tf.keras.Sequential([tf.keras.Input((None, 4), name="x"), layers.Bidirectional(layers.GRU(6))])
        model.save(tmp_path / "model.keras")
        result = runs(tmp_path / "model.keras", source={"inputShapes": {"x": [1, 7, 4]}})
        assert result.statuses["float16"] == "chosen", result.sentence
        values = np.random.default_rng(0).standard_normal((1, 7, 4)).astype(np.float32)
        (answer,) = result.predict({"x": values}).values()
        np.testing.assert_allclose(answer, model(values), atol=1e-2)

    @pytest.mark.slow
    def test_a_recurrent_model_converts_once_its_length_is_given(self, models: SampleModels, runs: Runs) -> None:
        refused = runs(models.recurrent, source={"signatureName": "serving_default"}, recipe="none")
        assert refused.code == 4
        assert "give the input shapes" in refused.sentence
        assert refused.outcome.hints == [Hint.INPUT_SHAPES]
        name = refused.sentence.split("('")[1].split("'")[0]
        result = runs(models.recurrent, source={"inputShapes": {name: [1, 7, 4]}}, recipe="none")
        assert result.published.requirements.runtime == "native"
        assert result.published.signatures["serving_default"].inputs[name].shape == [-1, 7, 4]

    def test_a_model_without_a_batch_takes_its_whole_input(
        self, models: SampleModels, runs: Runs, tmp_path: Path
    ) -> None:
        np.savez(tmp_path / "grids.npz", np.random.default_rng(0).standard_normal((30, 3, 2)).astype(np.float32))
        result = runs(models.fixed, tmp_path / "grids.npz")
        assert not result.published.signatures["serving_default"].batched
        answer = result.predict({"grid": np.ones((3, 2), np.float32)})["sum"]
        assert answer.tolist() == [3, 3]

    def test_audio_of_any_length_must_be_given_its_length(self, models: SampleModels, runs: Runs) -> None:
        refused = runs(models.audio)
        assert refused.code == 4
        assert "'sound' is float32[?]" in refused.sentence
        result = runs(models.audio, source={"inputShapes": {"sound": [1600]}}, recipe="none")
        assert result.published.signatures["serving_default"].outputs["scores"].shape == [10]

    def test_generated_integers_that_index_a_table_are_small_enough(self, models: SampleModels, runs: Runs) -> None:
        result = runs(models.integers)
        assert result.published.signatures["serving_default"].inputs["ids"].dtype == "int32"
        # Class numbers have no relative error, and generated inputs show no agreement: nothing was verified.
        assert result.published.unverified

    def test_regression_is_gated_by_its_numbers(self, models: SampleModels, runs: Runs, tmp_path: Path) -> None:
        np.savez(tmp_path / "rows.npz", np.random.default_rng(0).standard_normal((600, 4)).astype(np.float32))
        result = runs(models.regression, tmp_path / "rows.npz")
        assert [gate_result.rule for gate_result in result.published.gate_results] == ["maxRelativeError"]
        assert result.published.evaluation is not None
        assert result.published.evaluation.outputs["y"].task == "regression (inferred)"

    def test_a_model_of_tensorflow_1_converts(self, models: SampleModels, runs: Runs) -> None:
        result = runs(models.version_1)
        assert list(result.published.signatures) == ["serving_default"]
        assert result.predict({"x": np.ones((1, 3), np.float32)})["y"].tolist() == [[3, 3, 3]]
        assert any("'classify' is left out" in warning for warning in result.outcome.warnings)

    def test_strings_are_left_out_if_another_signature_is_requested(self, models: SampleModels, runs: Runs) -> None:
        result = runs(models.vocabulary, source={"signatureName": "mix"}, recipe="none")
        assert result.predict({"weights": np.eye(4, dtype=np.float32)})["mixed"].tolist() == [
            [0, 1],
            [2, 3],
            [4, 5],
            [6, 7],
        ]

    @pytest.mark.slow
    @pytest.mark.parametrize("name", ["keras_file", "h5_file"])
    def test_keras_files_convert(self, name: str, models: SampleModels, runs: Runs) -> None:
        result = runs(getattr(models, name))
        signature = result.published.signatures["serving_default"]
        assert next(iter(signature.inputs.values())).shape == [-1, 8, 8, 1]
        assert result.published.source.format in ("keras", "h5")
        image = np.random.default_rng(0).uniform(size=(2, 8, 8, 1)).astype(np.float32)
        answer = result.predict(dict.fromkeys(signature.inputs, image))
        expected = models.keras_model(image).numpy()
        np.testing.assert_allclose(next(iter(answer.values())), expected, atol=2e-3)

    @pytest.mark.slow
    @pytest.mark.parametrize("mode", ["float16", "fullInteger"])
    def test_both_names_that_keras_gives_a_model_are_answered_by_one_signature_of_the_file(
        self, mode: str, models: SampleModels, runs: Runs, tmp_path: Path
    ) -> None:
        images = np.random.default_rng(0).uniform(size=(600, 8, 8, 1)).astype(np.float32)
        np.savez(tmp_path / "images.npz", images)
        recipe = {"kind": "steps", "steps": [{"step": "quantization", "mode": mode}]}
        result = runs(models.keras_file, tmp_path / "images.npz", recipe=recipe)
        signatures = result.published.signatures
        assert {name: signature.file_signature for name, signature in signatures.items()} == {
            "serving_default": None,
            "serve": "serving_default",
        }
        assert not any("left out" in warning for warning in result.outcome.warnings)
        interpreter = open_interpreter((result.output / "model" / "model.tflite").read_bytes())
        assert list(interpreter.get_signature_list()) == ["serving_default"]
        assert interpreter.num_subgraphs() == 1
        inputs = dict.fromkeys(signatures["serve"].inputs, images[:2])
        (answer,), (other,) = (result.predict(inputs, name).values() for name in signatures)
        np.testing.assert_array_equal(answer, other)
        np.testing.assert_allclose(answer, models.keras_model(images[:2]).numpy(), atol=0.05)
