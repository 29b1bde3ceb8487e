"""Equalization of channels, and correction of biases, on small files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow as tf
from sample_badly_scaled import badly_scaled, stripes
from sample_functions import function, spec
from tensorflow_optimizer.conversion import LiteRtMode, correct_biases, equalize, quantize_file
from tensorflow_optimizer.conversion.equalization import factors
from tensorflow_optimizer.conversion.litert_graph import LiteRtGraph
from tensorflow_optimizer.runners.inner_tensors import InnerTensors

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sample_functions import Array

SIGNATURE = "serving_default"
ROWS = [{"image": image[np.newaxis]} for image in stripes(24, seed=2)[0]]


def tflite(directory: Path) -> bytes:
    content: bytes = tf.lite.TFLiteConverter.from_saved_model(str(directory)).convert()
    return content


def answers(content: bytes, rows: list[dict[str, Array]]) -> Array:
    inner = InnerTensors(content, SIGNATURE)
    (output,) = LiteRtGraph(content, SIGNATURE).outputs.values()
    found = []
    for row in rows:
        inner.run(row)
        found.append(inner.value(output)[0])
    return np.array(found)


def ratio_of_ranges(content: bytes) -> float:
    """Return how many times as far the widest channel of the first layer reaches as the narrowest that is used."""
    inner = InnerTensors(content, SIGNATURE)
    output = int(LiteRtGraph(content, SIGNATURE).weighted()[0].outputs[0])
    greatest = np.zeros(0)
    for row in ROWS:
        inner.run(row)
        now = np.abs(inner.value(output)).reshape(-1, inner.value(output).shape[-1]).max(axis=0)
        greatest = np.maximum(greatest, now) if greatest.size else now
    return float(greatest.max() / greatest[greatest > 0].min())


@pytest.fixture(scope="module")
def relu(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return tflite(badly_scaled(tmp_path_factory.mktemp("relu") / "model"))


class TestEqualization:
    def test_answers_stay_and_ranges_become_alike(self, relu: bytes) -> None:
        equalized, pairs = equalize(relu, SIGNATURE, ROWS)
        assert pairs == 2
        np.testing.assert_allclose(answers(equalized, ROWS), answers(relu, ROWS), rtol=1e-4, atol=1e-5)
        assert ratio_of_ranges(relu) > 1000
        assert ratio_of_ranges(equalized) < 1.01
        assert len(equalized) < 1.1 * len(relu)

    def test_eight_bits_keep_more_of_it(self, relu: bytes) -> None:
        calibration = (SIGNATURE, ROWS)
        expected = answers(relu, ROWS)

        def error(content: bytes) -> float:
            quantized = quantize_file(content, LiteRtMode.FULL_INTEGER, {}, calibration)
            return float(np.linalg.norm(answers(quantized, ROWS) - expected))

        assert error(equalize(relu, SIGNATURE, ROWS)[0]) < error(relu) / 4

    def test_channels_below_the_cap_of_relu6_stay_below_it(self, tmp_path: Path) -> None:
        capped = tflite(badly_scaled(tmp_path / "model", tf.nn.relu6))
        equalized, pairs = equalize(capped, SIGNATURE, ROWS)
        assert pairs == 2
        np.testing.assert_allclose(answers(equalized, ROWS), answers(capped, ROWS), rtol=1e-4, atol=1e-5)
        assert ratio_of_ranges(equalized) < ratio_of_ranges(capped) / 4

    def test_other_activations_are_left_alone(self, tmp_path: Path) -> None:
        swish = tflite(badly_scaled(tmp_path / "model", tf.nn.swish))
        same, pairs = equalize(swish, SIGNATURE, ROWS)
        assert pairs == 0
        np.testing.assert_array_equal(answers(same, ROWS), answers(swish, ROWS))

    @pytest.mark.parametrize(
        "twice",
        [
            pytest.param(lambda hidden, weights: hidden @ weights + hidden, id="read twice"),
            pytest.param(lambda hidden, weights: tf.nn.tanh(hidden) @ weights, id="tanh between"),
            pytest.param(lambda hidden, weights: tf.transpose(hidden @ weights) @ hidden, id="weights are computed"),
        ],
    )
    def test_layers_are_left_alone_where_something_else_would_change(
        self, twice: Callable[[Any, Any], Any], tmp_path: Path
    ) -> None:
        first, second = np.random.default_rng(3).normal(size=(2, 6, 6)).astype(np.float32)
        directory = function(
            tmp_path / "model", lambda x: {"y": twice(tf.nn.relu(x @ first), second)}, spec([1, 6], "x")
        )
        content = tflite(directory)
        rows = [{"x": np.ones((1, 6), np.float32)}]
        same, pairs = equalize(content, SIGNATURE, rows)
        assert pairs == 0
        np.testing.assert_array_equal(answers(same, rows), answers(content, rows))

    def test_unused_channels_stay_as_they_are(self) -> None:
        activations, weights = np.array([4.0, 0.0, 1.0]), np.array([1.0, 1.0, 0.0])
        assert factors(activations, weights, capped=False).tolist() == [1, 1, 1]
        assert factors(np.array([4.0, 0.0, 1.0]), None, capped=False).tolist() == [1, 1, 4]
        assert factors(np.array([6.0, 0.5, 4.0]), None, capped=True).tolist() == [1, 6, 1]


def test_the_converter_folds_batch_normalization_into_the_layers(tmp_path: Path) -> None:
    import keras

    layers = keras.layers
    keras.utils.set_random_seed(4)
    model = keras.Sequential(
        [
            keras.Input((12, 12, 1), name="image"),
            layers.Conv2D(8, 3, use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(6.0),
            layers.DepthwiseConv2D(3, use_bias=False),
            layers.BatchNormalization(),
            layers.Activation("swish"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(8),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Dense(3),
        ]
    )
    random = np.random.default_rng(4)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([random.uniform(0.5, 2, weight.shape) for weight in layer.get_weights()])
    model.export(tmp_path / "model", verbose=False)
    content = tflite(tmp_path / "model")
    expected = model(np.concatenate([row["image"] for row in ROWS])).numpy()
    np.testing.assert_allclose(answers(content, ROWS), expected, rtol=1e-4, atol=1e-5)
    # Multiplied are x and sigmoid(x) alone.
    graph = LiteRtGraph(content, SIGNATURE)
    names = [graph.name(operator) for operator in graph.graph.operators]
    assert names == ["CONV_2D", "DEPTHWISE_CONV_2D", "LOGISTIC", "MUL", "MEAN", "FULLY_CONNECTED", "FULLY_CONNECTED"]


def test_corrected_biases_move_the_mean_errors_to_zero(relu: bytes) -> None:
    relu, _ = equalize(relu, SIGNATURE, ROWS)
    quantized = quantize_file(relu, LiteRtMode.FULL_INTEGER, {}, (SIGNATURE, ROWS))
    corrected = correct_biases(relu, quantized, SIGNATURE, ROWS)
    before, after = (LiteRtGraph(content, SIGNATURE) for content in (relu, corrected))
    pairs = list(zip(before.weighted(), after.weighted(), strict=True))
    assert len(pairs) == 3

    def errors(content: bytes) -> list[float]:
        floats, integers = InnerTensors(relu, SIGNATURE), InnerTensors(content, SIGNATURE)
        sums: list[Any] = [0.0] * len(pairs)
        for row in ROWS:
            floats.run(row)
            integers.run(row)
            for number, (first, second) in enumerate(pairs):
                moved = integers.value(int(second.outputs[0])) - floats.value(int(first.outputs[0]))
                sums[number] = sums[number] + moved.reshape(-1, moved.shape[-1]).mean(axis=0) / len(ROWS)
        return [float(np.abs(total).max()) for total in sums]

    # The last layer has no activation, so that its mean is as near as its 8 bits let it be.
    assert errors(corrected)[-1] < errors(quantized)[-1] / 4
    assert correct_biases(relu, quantized, SIGNATURE, ROWS) == corrected
    assert len(corrected) < 1.1 * len(quantized)
