"""Training of a .tflite file of floats with simulated quantization."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow as tf
from sample_badly_scaled import badly_scaled, stripes
from sample_functions import function, spec
from tensorflow_optimizer.conversion import LiteRtMode, quantize_file
from tensorflow_optimizer.conversion.litert_graph import LiteRtGraph
from tensorflow_optimizer.data import Dataset
from tensorflow_optimizer.documents.job import ModelTask
from tensorflow_optimizer.errors import UnsupportedError
from tensorflow_optimizer.evaluation import OutputTask
from tensorflow_optimizer.runners.inner_tensors import InnerTensors
from tensorflow_optimizer.training.litert_model import LiteRtModel
from tensorflow_optimizer.training.rounded import train_file
from tensorflow_optimizer.training.training_set import TrainingSet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sample_functions import Array

SIGNATURE = "serving_default"
IMAGES, LABELS = stripes(256, seed=2)
ROWS = [{"image": image[np.newaxis]} for image in IMAGES[:64]]


def tflite(directory: Path) -> bytes:
    converter = tf.lite.TFLiteConverter.from_saved_model(str(directory))
    content: bytes = converter.convert()
    return content


def answers(content: bytes, images: Array) -> Array:
    inner = InnerTensors(content, SIGNATURE)
    (output,) = LiteRtGraph(content, SIGNATURE).outputs.values()
    found = []
    for image in images:
        inner.run({"image": image[np.newaxis]})
        found.append(inner.value(output)[0])
    return np.array(found)


@pytest.fixture(scope="module")
def swish(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return badly_scaled(tmp_path_factory.mktemp("swish") / "model", tf.nn.swish)


@pytest.fixture(scope="module")
def content(swish: Path) -> bytes:
    return tflite(swish)


def training_set(content: bytes) -> TrainingSet:
    task = {"kind": OutputTask(ModelTask.MULTICLASS)}
    found = answers(content, IMAGES).astype(np.float32)
    dataset = Dataset({"image": IMAGES}, batched=True, labels={"kind": LABELS})
    return TrainingSet(SIGNATURE, dataset, {"kind": found}, task, label_share=0.1, temperature=2.0)


class TestModel:
    def test_many_rows_at_once_get_the_answers_of_the_file(self, content: bytes) -> None:
        model = LiteRtModel(content, SIGNATURE, ROWS, simulate=False)
        found = model.function(image=tf.constant(IMAGES[:20]))["kind"].numpy()
        np.testing.assert_allclose(found, answers(content, IMAGES[:20]), rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(answers(model.content(), IMAGES[:20]), found, rtol=1e-3, atol=1e-4)

    def test_it_rounds_as_the_quantized_file_does(self, content: bytes) -> None:
        model = LiteRtModel(content, SIGNATURE, ROWS, simulate=True)
        model.take_ranges()
        rounded = model.function(image=tf.constant(IMAGES[:20]))["kind"].numpy()
        quantized = answers(quantize_file(content, LiteRtMode.FULL_INTEGER, {}, (SIGNATURE, ROWS)), IMAGES[:20])
        floats = answers(content, IMAGES[:20])
        assert np.abs(rounded - quantized).max() < 0.05 < np.abs(floats - quantized).max()

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            (lambda x, weights: tf.math.floor(x @ weights), "the gradient of FLOOR is not known here"),
            (
                lambda x, weights: tf.reshape(tf.reshape(x @ weights, [2, 3])[:1], [1, 3]) @ weights[:3],
                "is not known here",
            ),
            (lambda x, _: tf.nn.relu(x), "no convolution and no dense layer with stored weights to train"),
        ],
        ids=["an operation", "a slice", "no weights"],
    )
    def test_what_cannot_be_trained_is_refused(
        self, body: Callable[[Any, Any], Any], words: str, tmp_path: Path
    ) -> None:
        weights = np.eye(6, dtype=np.float32) + 1
        directory = function(tmp_path / "model", lambda x: {"y": body(x, weights)}, spec([1, 6], "x"))
        with pytest.raises(UnsupportedError, match=words):
            LiteRtModel(tflite(directory), SIGNATURE, [{"x": np.ones((1, 6), np.float32)}], simulate=False)


def test_pruned_weights_stay_zero(tmp_path: Path) -> None:
    weights = np.random.default_rng(1).normal(size=(144, 3)).astype(np.float32)
    weights[::2] = 0
    directory = function(
        tmp_path / "model",
        lambda image: {"kind": tf.nn.softmax(tf.reshape(image, [-1, 144]) @ weights)},
        spec([None, 12, 12, 1], "image"),
    )
    content = tflite(directory)
    trained, problem = train_file(content, ROWS, training_set(content), simulate=True, seed=3)
    assert problem is None
    graph = LiteRtGraph(trained, SIGNATURE)
    (layer,) = graph.weighted()
    kept = graph.constant(int(layer.inputs[1]))
    assert kept is not None
    assert (kept[:, ::2] == 0).all()
    assert (kept[:, 1::2] != weights[1::2].T).any()
