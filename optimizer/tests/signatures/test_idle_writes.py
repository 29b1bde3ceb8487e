"""Writes of variables that change a later answer, and those that do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow as tf
from sample_functions import save, spec
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_optimizer.signatures import read_signatures, state_writers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sample_jobs import Runs

X = spec([None, 3], "x")


class Counters(tf.Module):
    def __init__(self) -> None:
        self.first = tf.Variable(1.0)
        self.second = tf.Variable(1.0)


def _mask(module: Counters, x: Any) -> Any:
    """Draws what nothing reads, as a layer of Keras does."""
    module.first.assign_add(1.0)
    tf.random.stateless_uniform(tf.shape(x), [tf.cast(module.first, tf.int32), 1])
    return x * 2


def _in_a_loop(module: Counters, x: Any) -> Any:
    for _ in tf.range(3):
        module.first.assign(module.first + 1.0)
        x *= 2
    return x


def _in_a_function(module: Counters, x: Any) -> Any:
    return tf.function(lambda value: _mask(module, value))(x)


def _in_a_branch(module: Counters, x: Any) -> Any:
    return tf.cond(tf.reduce_sum(x) > 0, lambda: _mask(module, x), lambda: x)


def _beside_a_weight(module: Counters, x: Any) -> Any:
    module.first.assign_add(1.0)
    return x * module.second


@pytest.mark.parametrize("body", [_mask, _in_a_loop, _in_a_function, _in_a_branch, _beside_a_weight])
def test_a_write_that_no_answer_depends_on_is_no_state(body: Callable[..., Any], tmp_path: Path) -> None:
    assert _writers(tmp_path, serving_default=body) == {"serving_default": []}


def _read(module: Counters, x: Any) -> Any:
    module.first.assign_add(1.0)
    return x + module.first


def _read_in_a_loop(module: Counters, x: Any) -> Any:
    for _ in tf.range(3):
        x += module.first.assign_add(1.0)
    return x


def _read_in_a_function(module: Counters, x: Any) -> Any:
    module.first.assign_add(1.0)
    return tf.function(lambda value: value + module.first)(x)


def _read_in_a_branch(module: Counters, x: Any) -> Any:
    module.first.assign_add(1.0)
    return tf.cond(tf.reduce_sum(x) > 0, lambda: x + module.first, lambda: x)


def _read_as_a_condition(module: Counters, x: Any) -> Any:
    module.first.assign_add(1.0)
    while tf.reduce_sum(x) < module.first:
        x += 1.0
    return x


def _read_by_what_is_written(module: Counters, x: Any) -> Any:
    module.first.assign_add(1.0)
    module.second.assign(module.first)
    return x + module.second


def _written_by_a_dataset(module: Counters, x: Any) -> Any:
    def step(total: Any, value: Any) -> Any:
        return total + module.first.assign_add(tf.cast(value, tf.float32))

    return x + tf.data.Dataset.range(3).reduce(0.0, step)


@pytest.mark.parametrize(
    "body",
    [
        _read,
        _read_in_a_loop,
        _read_in_a_function,
        _read_in_a_branch,
        _read_as_a_condition,
        _read_by_what_is_written,
        _written_by_a_dataset,
    ],
)
def test_a_write_that_an_answer_depends_on_is_state(body: Callable[..., Any], tmp_path: Path) -> None:
    found = _writers(tmp_path, serving_default=body)["serving_default"]
    assert found
    assert ("AssignVariableOp" in found) == (body is _read_by_what_is_written)


def test_a_write_that_another_signature_reads_is_state(tmp_path: Path) -> None:
    found = _writers(tmp_path, serving_default=_mask, other=lambda module, x: x + module.first)
    assert found == {"serving_default": ["AssignAddVariableOp"], "other": []}


@pytest.mark.slow
@pytest.mark.parametrize("layer", ["LSTM", "GRU", "SimpleRNN", "Bidirectional"])
def test_a_recurrent_layer_with_dropout_is_served_natively(layer: str, runs: Runs, tmp_path: Path) -> None:
    import keras

    keras.utils.set_random_seed(3)
    layers = keras.layers
    kind = layers.LSTM if layer == "Bidirectional" else getattr(layers, layer)
    recurrent = kind(4, dropout=0.2, recurrent_dropout=0.3)
    if layer == "Bidirectional":
        recurrent = layers.Bidirectional(recurrent)
    model = keras.Sequential([keras.Input((6, 3), name="x"), recurrent, layers.Dense(2)])
    model.save(tmp_path / "model.keras")
    result = runs(tmp_path / "model.keras")
    assert result.published.requirements.native_refusal is None
    x = np.random.default_rng(0).standard_normal((3, 6, 3)).astype(np.float32)
    (answer,) = result.predict({"x": x}).values()
    np.testing.assert_allclose(answer, model.predict(x, verbose=0), atol=2e-3)


def _writers(directory: Path, **bodies: Callable[..., Any]) -> dict[str, list[str]]:
    module = Counters()
    module.functions = {name: _function(module, body) for name, body in bodies.items()}
    save(directory / "saved", module, **module.functions)
    saved_model = saved_model_pb2.SavedModel.FromString((directory / "saved" / "saved_model.pb").read_bytes())
    (meta_graph,) = saved_model.meta_graphs
    return {name: state_writers(meta_graph, signature) for name, signature in read_signatures(meta_graph).items()}


def _function(module: Counters, body: Callable[..., Any]) -> Any:
    return tf.function(lambda x: {"y": body(module, x)}, input_signature=[X])
