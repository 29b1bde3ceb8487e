"""Detection of inputs that are not scaled as the model wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from sample_functions import function, spec

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from sample_jobs import Result, Runs
    from sample_models import SampleModels


def judged(runs: Runs, place: Path, divisor: float, given: float, offset: float = 0.0) -> Result:
    """Run a model that tells low numbers from high ones, wants them up to `divisor`, and gets them up to `given`."""

    def body(pixels: Any) -> dict[str, Any]:
        brightness = tf.reduce_mean(pixels / divisor, axis=1, keepdims=True)
        return {"scores": tf.nn.softmax(tf.concat([brightness * 0 + 0.5, brightness], axis=1) * 10)}

    place.mkdir()
    model = function(place / "model", body, spec([None, 4], "pixels"))
    random = np.random.default_rng(4)
    pixels = random.uniform(0, 1, size=(300, 4)).astype(np.float32)
    labels = (pixels.mean(axis=1) > 0.5).astype(np.int64)
    wrong = random.random(300) < 0.05
    labels[wrong] = 1 - labels[wrong]
    np.savez(place / "data.npz", pixels=pixels * np.float32(given) + np.float32(offset), labels=labels)
    return runs(model, place / "data.npz", recipe="none")


def test_inputs_in_the_training_range_are_reported_as_such(runs: Runs, tmp_path: Path) -> None:
    outcome = judged(runs, tmp_path / "right", 1, 1).outcome
    assert outcome.expected_scale == "as given"
    pixels = outcome.inputs["pixels"]
    assert pixels.minimum >= 0
    assert 0.9 < pixels.maximum <= 1
    assert 0.4 < pixels.mean < 0.6


def test_pixels_that_should_go_to_255_are_detected_and_reported(runs: Runs, tmp_path: Path) -> None:
    result = judged(runs, tmp_path / "small", 255, 1)
    assert result.outcome.expected_scale is not None
    assert result.outcome.expected_scale.startswith("255 times as large (then 9")
    assert any("seems to expect its inputs 255 times as large" in text for text in result.outcome.warnings)


def test_pixels_that_should_be_divided_are_detected(runs: Runs, tmp_path: Path) -> None:
    expected = judged(runs, tmp_path / "large", 1, 255).outcome.expected_scale
    assert expected is not None
    assert expected.startswith("divided by 255")


def test_numbers_that_are_no_pixels_have_no_other_scale(runs: Runs, tmp_path: Path) -> None:
    assert judged(runs, tmp_path / "negative", 255, 1, offset=-0.05).outcome.expected_scale == "as given"


def test_rows_without_numbers_that_the_model_cannot_answer_are_the_reason(runs: Runs, tmp_path: Path) -> None:
    assert judged(runs, tmp_path / "whole", 1, 1).code == 0
    with np.load(tmp_path / "whole" / "data.npz") as whole:
        pixels, labels = whole["pixels"], whole["labels"]
    pixels[::50, 2] = np.nan
    np.savez(tmp_path / "lost.npz", pixels=pixels, labels=labels)
    refused = runs(tmp_path / "whole" / "model", tmp_path / "lost.npz", recipe="none")
    assert refused.code == 2
    assert "has NaN or infinite numbers in 6 rows of the input 'pixels', and in 6 of them the original" in (
        refused.sentence
    )


def test_rows_without_numbers_that_the_model_answers_are_named_in_a_warning(runs: Runs, tmp_path: Path) -> None:
    def body(pixels: Any) -> dict[str, Any]:
        known = tf.where(tf.math.is_nan(pixels), tf.zeros_like(pixels), pixels)
        return {"total": tf.reduce_sum(known, axis=1, keepdims=True)}

    model = function(tmp_path / "masking", body, spec([None, 4], "pixels"))
    pixels = np.random.default_rng(4).uniform(0, 1, size=(300, 4)).astype(np.float32)
    pixels[7, 1] = np.nan
    np.savez(tmp_path / "data.npz", pixels=pixels)
    warnings = runs(model, tmp_path / "data.npz", recipe="none").outcome.warnings
    assert any("the input 'pixels' of the evaluation data has NaN" in text for text in warnings)


def test_without_labels_the_ranges_are_known_and_the_scale_is_not(models: SampleModels, runs: Runs) -> None:
    outcome = runs(models.dense, models.unlabelled, recipe="none").outcome
    assert outcome.inputs["features"].dtype == "float32"
    assert outcome.expected_scale is None


def test_generated_inputs_do_not_count_as_data(
    models: SampleModels, runs: Runs, caplog: pytest.LogCaptureFixture
) -> None:
    assert runs(models.dense, recipe="none").outcome.inputs == {}
    assert "seems to expect" not in caplog.text
