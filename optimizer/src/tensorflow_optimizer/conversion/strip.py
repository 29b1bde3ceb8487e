"""Re-saves only what serving needs: variables, tables, assets and signatures, without changing a number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import UnsupportedError, reason_of
from ..hints import Hint
from ..processes.exhaustion import raise_exhausted
from .loading import kept_objects, load_objects
from .version_1 import INIT_SIGNATURE, MAIN_OP_COLLECTIONS, is_version_1, main_op_of, strip_version_1

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ..signatures import SignatureSpec


class StrippingError(UnsupportedError):
    """The model cannot be stripped, or not without another answer.

    Args:
        reason: Why, as a sentence without a way out.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason}; serve it as it is, with the recipe that changes nothing", Hint.RECIPE_UNCHANGED)
        self.reason = reason


def strip(
    source: Path, tags: list[str], meta_graph: Any, signatures: Iterable[SignatureSpec], destination: Path
) -> None:
    """Save `signatures` of the SavedModel at `source` into `destination`.

    Leaves out training functions, the optimizer's variables and Keras's metadata. Restores the signatures' method
    names, which TensorFlow's exporter changes: servers answer classify and regress by them.

    Raises:
        StrippingError: TensorFlow cannot save the model again.
    """
    import tensorflow as tf

    kept = list(signatures)
    try:
        if is_version_1(meta_graph):
            strip_version_1(source, meta_graph, kept, destination)
            _finish(destination, kept)
            return
        loaded = load_objects(source, tags, meta_graph)
        functions = {signature.name: loaded.signatures[signature.name] for signature in kept}
        module = tf.Module()
        module.kept = kept_objects(loaded, functions.values())
        tf.saved_model.save(module, str(destination), signatures=functions)
    except (ValueError, AssertionError, LookupError, TypeError, tf.errors.OpError) as error:
        raise_exhausted(error)
        raise StrippingError(
            f"TensorFlow cannot save the model again, without what serving does not need ({reason_of(error)})"
        ) from error
    _finish(destination, kept)


def _finish(directory: Path, signatures: Iterable[SignatureSpec]) -> None:
    """Restore the method names, and make equal models equal files: the fingerprint is partly random."""
    from tensorflow.core.protobuf import saved_model_pb2

    file = directory / "saved_model.pb"
    saved_model = saved_model_pb2.SavedModel()
    saved_model.ParseFromString(file.read_bytes())
    for meta_graph in saved_model.meta_graphs:
        for signature in signatures:
            meta_graph.signature_def[signature.name].method_name = signature.method_name
        _drop_idle_main_op(meta_graph)
    file.write_bytes(saved_model.SerializeToString(deterministic=True))
    (directory / "fingerprint.pb").unlink(missing_ok=True)


def _drop_idle_main_op(meta_graph: Any) -> None:
    """Drop an init operator without effect, which TensorFlow's exporter always adds.

    A session prepares each run again, a quarter of the loading time of a model that loads in 150 ms.
    """
    name = main_op_of(meta_graph)
    # One that initializes tables has control inputs.
    if not any(node.name == name and node.op == "NoOp" and not node.input for node in meta_graph.graph_def.node):
        return
    meta_graph.signature_def.pop(INIT_SIGNATURE, None)
    for collection in MAIN_OP_COLLECTIONS:
        meta_graph.collection_def.pop(collection, None)
