"""The .tflite files that converters make by default: their batch, or a length, is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from sample_functions import Function, function, save, spec
from tensorflow_optimizer.hints import Hint
from tensorflow_optimizer.runners.flatbuffer import unpack

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sample_jobs import Runs
    from sample_models import SampleModels

_RANDOM = np.random.default_rng(5)


def _weights(*shape: int) -> Any:
    return tf.constant(_RANDOM.standard_normal(shape), tf.float32)


def _rows(x: Any) -> Any:
    return tf.shape(x)[0]


KERNEL, WEIGHTS, TABLE = _weights(3, 3, 1, 2), _weights(72, 3), _weights(10, 4)


def _filled(x: Any) -> dict[str, Any]:
    return {"y": tf.nn.conv2d(x, KERNEL, 1, "VALID")[:, :, :, :1] * tf.ones([_rows(x), 6, 6, 1])}


def _dense(x: Any) -> dict[str, Any]:
    flat = tf.reshape(tf.nn.conv2d(x, KERNEL, 1, "VALID"), [_rows(x), 72])
    return {"y": tf.reshape(tf.nn.relu(flat), [_rows(flat), 72]) @ WEIGHTS}


def _flat(x: Any) -> dict[str, Any]:
    return {"y": tf.reshape(tf.nn.conv2d(x, KERNEL, 1, "VALID"), [_rows(x), 72])}


def _enlarged(x: Any) -> dict[str, Any]:
    size = tf.cast(tf.cast(tf.shape(x)[1:3], tf.float32) * 1.5, tf.int32)
    return {"y": tf.image.resize(x, size)}


def _transposed(x: Any) -> dict[str, Any]:
    return {"y": tf.nn.conv2d_transpose(x, KERNEL[:, :, :, :1], [_rows(x), 16, 16, 1], 2)}


def _two(x: Any, rank: Any) -> dict[str, Any]:
    return {"y": tf.gather(TABLE, rank) * x[:, :1, 0, :], "count": tf.fill([_rows(x), 1], 3)}


IMAGE = spec([None, 8, 8, 1], "x")


@pytest.mark.parametrize(
    ("body", "specs"),
    [
        (_filled, [IMAGE]),
        (_dense, [IMAGE]),
        (_flat, [IMAGE]),
        (_enlarged, [IMAGE]),
        (_transposed, [IMAGE]),
        (_two, [IMAGE, spec([None, 1], "rank", tf.int32)]),
    ],
    ids=["fill", "dense", "flat", "enlarged", "transposed", "two"],
)
def test_an_open_batch_is_served_natively(
    body: Callable[..., Any], specs: list[tf.TensorSpec], runs: Runs, tmp_path: Path
) -> None:
    file = _tflite(tmp_path, function(tmp_path / "saved", body, *specs))
    result = runs(file, recipe="none")
    assert result.published.requirements.native_refusal is None
    inputs = {
        given.name: _RANDOM.integers(0, 9, [3, *given.shape[1:]]).astype(given.dtype.as_numpy_dtype) for given in specs
    }
    answers = result.predict(inputs)
    for name, expected in _of_user(file, inputs).items():
        np.testing.assert_allclose(answers[name], expected, rtol=1e-5, atol=1e-5)
    assert all(tensor.shape[0] == -1 for tensor in result.published.signatures["serving_default"].outputs.values())


def test_what_computed_shapes_is_a_constant_afterwards(runs: Runs, tmp_path: Path) -> None:
    from ai_edge_litert.schema_py_generated import BuiltinOperator

    file = _tflite(tmp_path, function(tmp_path / "saved", _dense, IMAGE))
    result = runs(file, recipe="none")
    kept = _operators((result.output / "model" / "model.tflite").read_bytes())
    assert BuiltinOperator.SHAPE in _operators(file.read_bytes())
    assert not kept & {BuiltinOperator.SHAPE, BuiltinOperator.STRIDED_SLICE, BuiltinOperator.PACK}


def test_stored_values_stay_aligned(runs: Runs, tmp_path: Path) -> None:
    result = runs(_tflite(tmp_path, function(tmp_path / "saved", _dense, IMAGE)), recipe="none")
    content = (result.output / "model" / "model.tflite").read_bytes()
    buffers = [buffer.data for buffer in unpack(content).buffers if buffer.data is not None and len(buffer.data)]
    assert len(buffers) > 2
    start = np.frombuffer(content, np.uint8).ctypes.data
    for data in buffers:
        assert (data.ctypes.data - start) % 16 == 0


def test_each_signature_is_fixed(runs: Runs, tmp_path: Path) -> None:
    module = Function()
    module.flat = tf.function(_flat, input_signature=[IMAGE])
    module.dense = tf.function(_dense, input_signature=[IMAGE])
    file = _tflite(tmp_path, save(tmp_path / "saved", module, serving_default=module.flat, dense=module.dense))
    result = runs(file, recipe="none")
    assert result.published.requirements.native_refusal is None
    inputs = {"x": _RANDOM.standard_normal((2, 8, 8, 1)).astype(np.float32)}
    for name in ("serving_default", "dense"):
        (answer,), (expected,) = result.predict(inputs, name).values(), _of_user(file, inputs, name).values()
        np.testing.assert_allclose(answer, expected, rtol=1e-5, atol=1e-5)


def test_a_given_shape_closes_an_open_dimension(models: SampleModels, runs: Runs) -> None:
    result = runs(models.tflite, recipe="none", source={"inputShapes": {"features": [8, 16]}})
    signature = result.published.signatures["serving_default"]
    assert (signature.batched, signature.outputs["probabilities"].shape) == (False, [8, 4])
    refused = runs(models.tflite, recipe="none", source={"inputShapes": {"features": [8, 17]}})
    assert refused.code == 2
    assert "the model takes float32[?, 16]" in refused.sentence


@pytest.fixture(scope="module")
def length(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Takes any length of at least 40: at the 1 that the file names, nothing can be prepared."""
    directory = tmp_path_factory.mktemp("length")
    kernel = _weights(40, 1, 2)

    def body(sound: Any) -> dict[str, Any]:
        return {"scores": tf.reduce_max(tf.nn.conv1d(tf.expand_dims(sound, 2), kernel, 1, "VALID"), axis=1)}

    return _tflite(directory, function(directory / "saved", body, spec([None, None], "sound")))


def test_an_open_length_must_be_given(length: Path, runs: Runs) -> None:
    result = runs(length, recipe="none")
    assert result.code == 4
    assert "inputs with unknown dimensions ('sound' is float32[?, ?])" in result.sentence
    assert result.outcome.hints == [Hint.INPUT_SHAPES]


def test_a_given_length_is_served_natively(length: Path, runs: Runs) -> None:
    result = runs(length, recipe="none", source={"inputShapes": {"sound": [-1, 60]}})
    assert result.published.requirements.native_refusal is None
    sound = {"sound": _RANDOM.standard_normal((2, 60)).astype(np.float32)}
    np.testing.assert_allclose(result.predict(sound)["scores"], _of_user(length, sound)["scores"], rtol=1e-5)


def test_a_length_that_the_model_cannot_take_is_named(length: Path, runs: Runs) -> None:
    result = runs(length, recipe="none", source={"inputShapes": {"sound": [-1, 30]}})
    assert result.code == 2
    assert "cannot take the input shapes {'sound': [1, 30]}" in result.sentence


def _tflite(directory: Path, saved: Path) -> Path:
    file = directory / "model.tflite"
    file.write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(saved)).convert())
    return file


def _of_user(file: Path, inputs: dict[str, Any], signature: str = "serving_default") -> dict[str, Any]:
    """Ask the user's own file, which takes all rows at once."""
    return Interpreter(model_path=str(file)).get_signature_runner(signature)(**inputs)


def _operators(content: bytes) -> set[int]:
    model = unpack(content)
    return {model.operatorCodes[operator.opcodeIndex].builtinCode for operator in model.subgraphs[0].operators}
