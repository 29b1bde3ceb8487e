"""SavedModels with operations that act on more than the model, and what refuses them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import tensorflow as tf
from sample_functions import spec
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_optimizer.errors import UnsupportedError
from tensorflow_optimizer.signatures.side_effects import refuse_side_effects

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

raw, v1 = tf.raw_ops, tf.compat.v1
EVIL = "/tmp/of-somebody-else"
X = spec([None, 3], "x")


def read(directory: Path) -> Any:
    return saved_model_pb2.SavedModel.FromString((directory / "saved_model.pb").read_bytes())


def refuse(directory: Path, *allowed: str) -> None:
    refuse_side_effects(read(directory).meta_graphs, allowed)


def refused(directory: Path, *texts: str) -> str:
    return refused_graphs(read(directory).meta_graphs, *texts)


def refused_graphs(meta_graphs: Any, *texts: str) -> str:
    with pytest.raises(UnsupportedError) as caught:
        refuse_side_effects(meta_graphs, ())
    for text in texts:
        assert text in str(caught.value)
    return str(caught.value)


def version_1(directory: Path, build: Callable[[], dict[str, Any]]) -> Path:
    """Save a graph of TensorFlow 1; `build` returns further arguments of the builder."""
    with v1.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [None, 3], name="x")
        weights = v1.get_variable("w", initializer=[1.0, 2.0, 3.0], use_resource=True)
        y = tf.multiply(x, weights, name="y")
        more = build()
        session.run(v1.global_variables_initializer())
        signature = v1.saved_model.predict_signature_def({"x": x}, {"y": more.pop("answer", y)})
        builder = v1.saved_model.Builder(str(directory))
        builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature}, **more)
        builder.save()
    return directory
