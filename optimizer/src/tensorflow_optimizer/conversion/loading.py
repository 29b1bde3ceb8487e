"""Loads a SavedModel as objects, to save it again."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


def load_objects(directory: Path, tags: list[str], meta_graph: Any) -> Any:
    """Return the result of `tf.saved_model.load`, without the optimizer's slots.

    Models that an older Keras saved with their optimizer do not load otherwise: the optimizer's class no longer exists,
    and TensorFlow asks its replacement for slots, which serving does not need.
    """
    import tensorflow as tf

    if not any(node.slot_variables for node in meta_graph.object_graph_def.nodes):
        return tf.saved_model.load(str(directory), tags=tags)
    with tempfile.TemporaryDirectory(prefix="without-slots-") as temporary:
        copy = Path(temporary)
        for entry in directory.iterdir():
            if not entry.name.startswith("saved_model.pb"):
                (copy / entry.name).symlink_to(entry.resolve())
        (copy / "saved_model.pb").write_bytes(_without_slots(meta_graph))
        return tf.saved_model.load(str(copy), tags=tags)


def kept_objects(loaded: Any, functions: Iterable[Any]) -> list[Any]:
    """Return the variables that the functions use, and all tables, initializers and assets.

    `loaded` itself must not be saved: it holds the training functions and the optimizer's variables.
    """
    import tensorflow as tf
    from tensorflow.python.trackable.asset import Asset
    from tensorflow.python.trackable.resource import CapturableResource

    captured = {id(tensor) for function in functions for tensor in function.captured_inputs}
    kept: list[Any] = []
    for node in tf.train.TrackableView(loaded).descendants():
        if isinstance(node, tf.Variable):
            if id(node.handle) in captured:
                kept.append(node)
        elif isinstance(node, (Asset, CapturableResource)):
            kept.append(node)
    return kept


def _without_slots(meta_graph: Any) -> bytes:
    from tensorflow.core.protobuf import saved_model_pb2

    saved_model = saved_model_pb2.SavedModel(saved_model_schema_version=1)
    saved_model.meta_graphs.add().CopyFrom(meta_graph)
    for node in saved_model.meta_graphs[0].object_graph_def.nodes:
        node.ClearField("slot_variables")
    content: bytes = saved_model.SerializeToString(deterministic=True)
    return content
