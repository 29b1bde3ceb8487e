"""Loops of TensorFlow 2 that were traced with an unknown batch are converted with a batch of 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from sample_functions import function, spec
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_optimizer.conversion.loop_shapes import fix_loop_shapes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sample_jobs import Runs

WEIGHTS = np.random.default_rng(0).standard_normal((4, 4)).astype(np.float32)
ROW, STEPS = [None, 4], [None, 5, 4]


def step(value: Any) -> Any:
    return tf.tanh(value @ WEIGHTS)


def while_loop(x: Any) -> dict[str, Any]:
    return {"y": tf.while_loop(lambda i, _: i < 3, lambda i, y: (i + 1, step(y)), [0, x])[1]}


def two_loops(x: Any) -> dict[str, Any]:
    return while_loop(while_loop(x)["y"] + 1.0)


def nested_loops(x: Any) -> dict[str, Any]:
    return {"y": tf.while_loop(lambda i, _: i < 2, lambda i, y: (i + 1, while_loop(y)["y"] + 1.0), [0, x])[1]}


def for_loop(x: Any) -> dict[str, Any]:
    for _ in tf.range(3):
        x = step(x)
    return {"y": x}


def array(x: Any) -> dict[str, Any]:
    steps = tf.TensorArray(tf.float32, size=5)
    for i in tf.range(5):
        steps = steps.write(i, step(x[:, i]))
    return {"y": tf.transpose(steps.stack(), [1, 0, 2])}


def rows_of_no_batch(x: Any) -> dict[str, Any]:
    """Begins with one row, which is no batch, and adds another in each step."""
    rows = tf.while_loop(
        lambda i, _: i < 3,
        lambda i, rows: (i + 1, tf.concat([rows, tf.ones([1, 4])], 0)),
        [0, tf.zeros([1, 4])],
        shape_invariants=[tf.TensorShape([]), tf.TensorShape(ROW)],
    )[1]
    return {"y": x + tf.reduce_sum(rows, 0)}


def growing(x: Any) -> dict[str, Any]:
    grown = tf.while_loop(
        lambda i, _: i < 3,
        lambda i, y: (i + 1, tf.concat([y, y * 2.0], 0)),
        [0, x],
        shape_invariants=[tf.TensorShape([]), tf.TensorShape(ROW)],
    )[1]
    return {"y": grown[: tf.shape(x)[0]]}


def array_of_parts(x: Any) -> dict[str, Any]:
    """Return sums over a tensor array whose elements differ in size."""
    parts = tf.TensorArray(tf.float32, size=4, infer_shape=False)
    for i in tf.range(4):
        parts = parts.write(i, x[:, : i + 1])
    return {"y": x + tf.reduce_sum(parts.read(2), axis=1, keepdims=True)}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "shape"),
    [
        (while_loop, ROW),
        (two_loops, ROW),
        (nested_loops, ROW),
        (for_loop, ROW),
        (array, STEPS),
        (rows_of_no_batch, ROW),
    ],
)
def test_a_loop_with_an_unknown_batch_is_converted_and_keeps_its_answers(
    body: Callable[[Any], dict[str, Any]], shape: list[int | None], runs: Runs, tmp_path: Path
) -> None:
    source = function(tmp_path / "model", body, spec(shape, "x"))
    result = runs(source, recipe="none")
    signature = result.published.signatures["serving_default"]
    assert signature.outputs["y"].shape == [-1, *shape[1:]]
    assert result.published.requirements.runtime == "native"
    values = np.random.default_rng(1).standard_normal([1, *shape[1:]]).astype(np.float32)
    expected = tf.saved_model.load(str(source)).signatures["serving_default"](x=tf.constant(values))["y"]
    np.testing.assert_allclose(result.predict({"x": values})["y"], expected, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("layer", [keras.layers.LSTM, keras.layers.GRU])
def test_a_recurrent_layer_that_was_exported_with_an_unknown_batch_is_converted(
    layer: Any, runs: Runs, tmp_path: Path
) -> None:
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((5, 4), name="x"), layer(3)])
    model.export(tmp_path / "model", verbose=False)
    result = runs(tmp_path / "model", recipe="none")
    values = np.random.default_rng(1).standard_normal((1, 5, 4)).astype(np.float32)
    (answer,) = result.predict({"x": values}).values()
    np.testing.assert_allclose(answer, model(values), atol=1e-5)


def growing_by_values(x: Any) -> dict[str, Any]:
    grown = tf.while_loop(
        lambda i, _: i < tf.cast(tf.reduce_max(tf.abs(x)), tf.int32),
        lambda i, y: (i + 1, tf.concat([y, y * 2.0], 0)),
        [0, x],
        shape_invariants=[tf.TensorShape([]), tf.TensorShape(ROW)],
    )[1]
    return {"y": grown[:7]}


def test_a_size_that_is_not_stated_and_never_differs_is_fixed(runs: Runs, tmp_path: Path) -> None:
    result = runs(function(tmp_path / "model", growing, spec(ROW, "x")), recipe="none")
    signature = result.published.signatures["serving_default"]
    assert (signature.batched, signature.outputs["y"].shape) == (True, [-1, 4])
    values = np.random.default_rng(1).standard_normal((1, 4)).astype(np.float32)
    np.testing.assert_allclose(result.predict({"x": values})["y"], values, atol=1e-6)


def test_what_a_loop_makes_longer_is_refused_with_the_reason(runs: Runs, tmp_path: Path) -> None:
    refused = runs(function(tmp_path / "model", growing_by_values, spec([1, 4], "x")), recipe="none")
    assert refused.code == 4
    assert "outputs without a fixed size (y)" in refused.sentence
    assert "that a loop (tf.while_loop) makes longer" in refused.sentence
    assert "pad or reshape them in the model, or serve the model with TensorFlow Serving" in refused.sentence


def test_a_list_of_elements_without_a_shape_is_refused_with_the_way_out(runs: Runs, tmp_path: Path) -> None:
    refused = runs(function(tmp_path / "model", array_of_parts, spec(ROW, "x")), recipe="none")
    assert refused.code == 4
    assert "a list (tf.TensorArray) whose elements have no fixed shape" in refused.sentence
    assert "give the list an element_shape in the model, or serve the model with TensorFlow Serving" in refused.sentence


@pytest.mark.parametrize(("body", "fixed"), [(while_loop, True), (growing, False)])
def test_only_what_keeps_its_batch_is_fixed(body: Any, fixed: bool, tmp_path: Path) -> None:
    source = function(tmp_path / "model", body, spec(ROW, "x"))
    model = saved_model_pb2.SavedModel.FromString((source / "saved_model.pb").read_bytes())
    graph = model.meta_graphs[0].graph_def
    assert fix_loop_shapes(graph) is fixed
    assert not fix_loop_shapes(graph)
    loops = [node for entry in graph.library.function for node in entry.node_def if node.op == "StatelessWhile"]
    batches = [shape.dim[0].size for node in loops for shape in node.attr["output_shapes"].list.shape if shape.dim]
    assert batches == [1 if fixed else -1]
