"""Re-saves what serving needs and nothing else: variables, tables, assets and signatures, without changing a number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .loading import load_objects

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ..signatures import SignatureSpec


def strip(
    source: Path, tags: list[str], meta_graph: Any, signatures: Iterable[SignatureSpec], destination: Path
) -> None:
    """Save `signatures` of the SavedModel at `source` into `destination`.

    Training functions, the optimizer's variables and Keras's metadata stay behind. What TensorFlow's exporter changes
    on the way, the signatures' method names, is put back: a server answers classify and regress by them.
    """
    import tensorflow as tf

    kept = list(signatures)
    loaded = load_objects(source, tags, meta_graph)
    functions = {one.name: loaded.signatures[one.name] for one in kept}
    module = tf.Module()
    module.kept = _kept_objects(loaded, functions.values())
    tf.saved_model.save(module, str(destination), signatures=functions)
    _restore_method_names(destination / "saved_model.pb", kept)


def _kept_objects(loaded: Any, functions: Iterable[Any]) -> list[Any]:
    """Return the variables that the functions use, and all tables, initializers and assets.

    `loaded` itself must not be saved: it holds the training functions and the optimizer's variables.
    """
    import tensorflow as tf
    from tensorflow.python.trackable.asset import Asset
    from tensorflow.python.trackable.resource import CapturableResource

    captured = {id(tensor) for function in functions for tensor in function.captured_inputs}
    kept: list[Any] = []
    for one in tf.train.TrackableView(loaded).descendants():
        if isinstance(one, tf.Variable):
            if id(one.handle) in captured:
                kept.append(one)
        elif isinstance(one, (Asset, CapturableResource)):
            kept.append(one)
    return kept


def _restore_method_names(file: Path, signatures: Iterable[SignatureSpec]) -> None:
    from tensorflow.core.protobuf import saved_model_pb2

    saved_model = saved_model_pb2.SavedModel()
    saved_model.ParseFromString(file.read_bytes())
    for meta_graph in saved_model.meta_graphs:
        for one in signatures:
            meta_graph.signature_def[one.name].method_name = one.method_name
    file.write_bytes(saved_model.SerializeToString(deterministic=True))
