"""Signatures are equal where one may answer for the other: same computation, same variables, same names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import tensorflow as tf
from sample_functions import save, spec
from tensorflow_optimizer.signatures import SignatureSpec, TensorSpec, equal_signatures, read_signatures
from tensorflow_optimizer.sources.saved_model_files import read_meta_graph

if TYPE_CHECKING:
    from pathlib import Path

    from sample_models import SampleModels

ROW = spec([None, 3], "x")


def equal(directory: Path) -> dict[str, str]:
    meta_graph = read_meta_graph(directory, ["serve"])
    specs = read_signatures(meta_graph)
    default = specs.pop("serving_default")
    return equal_signatures(meta_graph, [default, *specs.values()])


class Two(tf.Module):
    """Two signatures that are made separately, with what they compute given."""

    def __init__(self, first: Any, second: Any, names: tuple[str, str] = ("x", "x")) -> None:
        super().__init__()
        self.weights = tf.Variable(tf.ones([3, 2]))
        self.others = tf.Variable(tf.ones([3, 2]))
        self.first = self._function(first, names[0])
        self.second = self._function(second, names[1])

    def _function(self, body: Any, name: str) -> Any:
        return tf.function(lambda x: {"y": body(self, x)}, input_signature=[spec([None, 3], name)])

    def save(self, directory: Path) -> Path:
        return save(directory, self, serving_default=self.first, second=self.second)


def test_what_keras_exports_is_one_signature(models: SampleModels, tmp_path: Path) -> None:
    models.keras_model.export(tmp_path / "exported", verbose=False)
    assert equal(tmp_path / "exported") == {"serve": "serving_default"}


def test_a_function_saved_under_two_names_is_one_signature(tmp_path: Path) -> None:
    module = Two(lambda self, x: x @ self.weights, lambda self, x: x)
    module.second = module.first
    assert equal(module.save(tmp_path)) == {"second": "serving_default"}


def test_the_same_operators_with_the_same_variables_are_one_signature(tmp_path: Path) -> None:
    def body(self: Two, x: Any) -> Any:
        return tf.cond(tf.reduce_sum(x) > 0, lambda: tf.nn.relu(x @ self.weights) + 2.0, lambda: x @ self.others)

    assert equal(Two(body, body).save(tmp_path)) == {"second": "serving_default"}


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda self, x: tf.nn.relu(x @ self.others + 2.0), id="other variables of the same values"),
        pytest.param(lambda self, x: tf.nn.relu(x @ self.weights + 2.5), id="another constant"),
        pytest.param(lambda self, x: tf.nn.elu(x @ self.weights + 2.0), id="another operator"),
        pytest.param(lambda self, x: tf.nn.relu(2.0 + x @ self.weights), id="another order of operands"),
        pytest.param(lambda self, x: tf.nn.relu(tf.matmul(x, self.weights) + 2.0)[:, ::-1], id="one operator more"),
    ],
)
def test_another_computation_is_another_signature(other: Any, tmp_path: Path) -> None:
    module = Two(lambda self, x: tf.nn.relu(x @ self.weights + 2.0), other)
    assert equal(module.save(tmp_path)) == {}


def test_another_name_of_an_input_is_another_signature(tmp_path: Path) -> None:
    module = Two(lambda self, x: x @ self.weights, lambda self, x: x @ self.weights, ("x", "z"))
    assert equal(module.save(tmp_path)) == {}


def test_inputs_that_changed_places_are_another_signature(tmp_path: Path) -> None:
    module = tf.Module()
    rows = [spec([None, 3], "a"), spec([None, 3], "b")]
    module.first = tf.function(lambda a, b: {"y": a - b}, input_signature=rows)
    module.second = tf.function(lambda a, b: {"y": b - a}, input_signature=rows)
    assert equal(save(tmp_path, module, serving_default=module.first, second=module.second)) == {}


def test_outputs_that_changed_places_are_another_signature(tmp_path: Path) -> None:
    module = tf.Module()
    module.first = tf.function(lambda x: {"once": x, "twice": x * 2.0}, input_signature=[ROW])
    module.second = tf.function(lambda x: {"once": x * 2.0, "twice": x}, input_signature=[ROW])
    assert equal(save(tmp_path, module, serving_default=module.first, second=module.second)) == {}


def test_outputs_of_one_operator_are_told_apart(tmp_path: Path) -> None:
    module = tf.Module()
    module.first = tf.function(lambda x: {"y": tf.split(x, 3, 1)[0]}, input_signature=[ROW])
    module.second = tf.function(lambda x: {"y": tf.split(x, 3, 1)[1]}, input_signature=[ROW])
    assert equal(save(tmp_path, module, serving_default=module.first, second=module.second)) == {}


def test_two_random_numbers_are_not_one(tmp_path: Path) -> None:
    def noise(x: Any) -> Any:
        return tf.random.normal(tf.shape(x), seed=7)

    def difference(_: Two, x: Any) -> Any:
        return x + noise(x) - noise(x)

    def nothing(_: Two, x: Any) -> Any:
        drawn = noise(x)
        return x + drawn - drawn

    assert equal(Two(difference, nothing).save(tmp_path)) == {}


@pytest.mark.parametrize(("shared_name", "found"), [("weights", {"second": "first"}), ("", {})])
def test_variables_without_a_shared_name_are_told_apart(shared_name: str, found: dict[str, str]) -> None:
    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(tf.float32, [None, 3], "x")
        for name in ("first", "second"):
            weights = tf.raw_ops.VarHandleOp(dtype=tf.float32, shape=[3], shared_name=shared_name)
            tf.identity(x * tf.raw_ops.ReadVariableOp(resource=weights, dtype=tf.float32), name)
    row = {"x": TensorSpec("float32", (None, 3), "x:0")}
    specs = [
        SignatureSpec(name, "", row, {"y": TensorSpec("float32", (None, 3), f"{name}:0")})
        for name in ("first", "second")
    ]
    meta_graph = tf.compat.v1.MetaGraphDef(graph_def=graph.as_graph_def())
    assert equal_signatures(meta_graph, specs) == found


def test_a_graph_with_a_cycle_is_not_compared(models: SampleModels) -> None:
    meta_graph = read_meta_graph(models.version_1, ["serve"])
    specs = list(read_signatures(meta_graph).values())
    nodes = {node.name: node for node in meta_graph.graph_def.node}
    source = specs[0].outputs[min(specs[0].outputs)].tensor_name.split(":")[0]
    assert source in nodes
    nodes[source].input.append(f"^{source}")
    assert equal_signatures(meta_graph, [specs[0], specs[0]]) == {}
