"""Jobs whose model takes encoded images."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf
from tensorflow_optimizer.documents.image import Image, ResizeMethod
from tensorflow_optimizer.errors import ExitCode
from tensorflow_optimizer.hints import Hint
from tensorflow_optimizer.proof.native_program import PROGRAM_VARIABLE

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from sample_jobs import Runs
    from sample_models import SampleModels


def test_the_signature_of_the_published_model_says_what_becomes_of_pixels(models: SampleModels, runs: Runs) -> None:
    image = {"preprocessing": "minusOneToOne", "method": "bicubic"}
    published = runs(models.keras_file, recipe="none", image=image).published
    for signature in published.signatures.values():
        (tensor,) = signature.inputs.values()
        assert tensor.image == Image(method=ResizeMethod.BICUBIC, antialias=False, scale=[1 / 127.5], offset=[-1.0])
        assert all(tensor.image is None for tensor in signature.outputs.values())


def test_an_input_of_another_shape_is_refused_before_anything_is_built(models: SampleModels, runs: Runs) -> None:
    result = runs(models.dense, image={"preprocessing": "zeroToOne"})
    assert (result.code, result.statuses) == (ExitCode.BAD_INPUT, {})
    assert "an image has the shape rows, height, width, channels" in result.sentence
    assert result.outcome.hints == [Hint.INPUT_SHAPES, Hint.IMAGE_INPUT]


def test_a_model_that_only_python_can_serve_is_not_published(
    models: SampleModels, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PROGRAM_VARIABLE, "/nowhere")
    result = runs(models.keras_file, recipe="none", image={"preprocessing": "zeroToOne"})
    assert result.draft is None
    assert "only the native runtime decodes images, and it cannot serve this model" in result.sentence


def test_a_golden_request_has_an_image_with_the_answer_to_its_numbers(models: SampleModels, runs: Runs) -> None:
    result = runs(models.keras_file, recipe="none", image={"preprocessing": "minusOneToOne"})
    assert result.code == ExitCode.DONE, result.sentence
    *others, last = json.loads((result.output / "golden.json").read_text(encoding="utf-8"))["requests"]
    (instance,), (answer,) = last["request"]["instances"], last["response"]["predictions"]
    pixels = tf.io.decode_png(base64.b64decode(instance["b64"])).numpy()
    assert (pixels.shape, len(others)) == ((8, 8, 1), 10)
    (name,) = result.published.signatures[result.published.default_signature].inputs
    expected = next(iter(result.predict({name: (pixels[np.newaxis] / 127.5 - 1).astype(np.float32)}).values()))
    np.testing.assert_allclose([answer], expected, atol=1e-5)


def test_images_of_the_evaluation_data_decide_alike_in_the_program_that_serves(
    models: SampleModels, runs: Runs, tmp_path: Path
) -> None:
    random = np.random.default_rng(5)
    for number in range(12):
        pixels = tf.image.resize(random.integers(0, 256, (6, 5, 3)).astype(np.float32), (40, 30), "bicubic")
        encode = tf.io.encode_jpeg if number % 2 else tf.io.encode_png
        content = encode(tf.cast(tf.clip_by_value(pixels, 0, 255), tf.uint8)).numpy()
        (tmp_path / f"{number}.image").write_bytes(content)
    lines = ["path", *(f"{number}.image" for number in range(12))]
    (tmp_path / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
    for method in ("bilinear", "bicubic"):
        published = runs(
            models.keras_file, tmp_path, recipe="none", image={"preprocessing": "zeroToOne", "method": method}
        ).published
        assert published.pictures is not None
        assert published.pictures.pictures == 12
        assert max(published.pictures.differences.values()) < 0.05
