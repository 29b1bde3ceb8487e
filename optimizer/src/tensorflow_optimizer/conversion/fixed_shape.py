"""Re-saves a SavedModel with one fixed shape for every input of every signature.

The converter needs it for recurrent layers, the native runtime for outputs of unknown size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..signatures.idle_writes import remove_idle_writes
from .loading import kept_objects, load_objects
from .loop_shapes import fix_loop_shapes
from .tags import SERVE_TAGS
from .version_1 import freeze_version_1, is_version_1

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ..signatures import FixedSignature

#: Index of the operand of a list operator that is the shape of its elements.
_ELEMENT_SHAPE = {
    "EmptyTensorList": 0,
    "TensorListReserve": 0,
    "TensorListFromTensor": 1,
    "TensorListStack": 1,
    "TensorListConcatV2": 1,
    "TensorListPopBack": 1,
    "TensorListGetItem": 2,
    "TensorListGather": 2,
}


def save_with_fixed_shapes(
    source: Path, tags: list[str], meta_graph: Any, signatures: list[FixedSignature], destination: Path
) -> None:
    """Save `signatures` of the SavedModel at `source` into `destination`, with their fixed shapes."""
    import tensorflow as tf

    if is_version_1(meta_graph):
        frozen = destination.with_name(f"{destination.name}-frozen")
        freeze_version_1(source, tags, [signature.spec for signature in signatures], frozen)
        loaded = tf.saved_model.load(str(frozen), tags=SERVE_TAGS)
    else:
        loaded = load_objects(source, tags, meta_graph)
    module = tf.Module()
    # A function taken from a loaded model holds its variables weakly: `loaded` must live until they are saved.
    module.kept = kept_objects(loaded, [loaded.signatures[signature.name] for signature in signatures])
    functions = {signature.name: _fixed(loaded.signatures[signature.name], signature) for signature in signatures}
    tf.saved_model.save(module, str(destination), signatures=functions)
    del loaded
    _rewrite(destination / "saved_model.pb", batched=any(signature.batched for signature in signatures))


def _fixed(inner: Any, signature: FixedSignature) -> Any:
    import tensorflow as tf

    names = list(signature.shapes)
    specs = [
        tf.TensorSpec(signature.shapes[name], tf.dtypes.as_dtype(signature.spec.inputs[name].dtype), name=name)
        for name in names
    ]

    def call(*values: Any) -> Any:
        return inner(**dict(zip(names, values, strict=True)))

    compiled: Callable[..., Any] = tf.function(call, input_signature=specs)
    return compiled.get_concrete_function()  # type: ignore[attr-defined]  # of what tf.function returns


def _rewrite(file: Path, *, batched: bool) -> None:
    """Remove idle writes, and set the batch of 1 where later passes do not replace it: in lists and in loops."""
    from tensorflow.core.protobuf import saved_model_pb2

    saved_model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    changed = False
    for meta_graph in saved_model.meta_graphs:
        changed = remove_idle_writes(meta_graph) or changed
        graph = meta_graph.graph_def
        for nodes in (graph.node, *(function.node_def for function in graph.library.function)) if batched else ():
            changed = _fix_list_elements(nodes) or changed
        changed = (batched and fix_loop_shapes(graph)) or changed
    if changed:
        file.write_bytes(saved_model.SerializeToString(deterministic=True))


def _fix_list_elements(nodes: Any) -> bool:
    """Set the batch in the lists in which recurrent layers collect their steps.

    Their element shape was traced as `[-1, units]`, and the converter rejects a list whose elements have no static
    shape.
    """
    import tensorflow as tf

    by_name = {node.name: node for node in nodes}
    changed = False
    for node in nodes:
        if node.op not in _ELEMENT_SHAPE:
            continue
        operand = by_name.get(node.input[_ELEMENT_SHAPE[node.op]].split(":")[0])
        if operand is None or operand.op != "Const":
            continue
        shape = tf.make_ndarray(operand.attr["value"].tensor)
        # A scalar -1 means an unknown rank and must stay.
        if shape.ndim == 1 and shape.size and shape[0] == -1:
            fixed = shape.copy()
            fixed[0] = 1
            operand.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(fixed))
            changed = True
    return changed
