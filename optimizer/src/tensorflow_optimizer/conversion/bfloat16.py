"""Bakes bfloat16 into a frozen SavedModel: half the size, and faster on processors that compute with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import reason_of
from .freeze import FreezeError, save_graph, without_unused
from .tags import SERVE_TAGS

if TYPE_CHECKING:
    from pathlib import Path

_OPTIMIZER = "auto_mixed_precision_onednn_bfloat16"
#: Operators that compute nothing: control edges from them can be dropped.
_INERT = frozenset({"Const", "Identity", "IdentityN", "NoOp", "Cast"})


def bake_bfloat16(frozen: Path, destination: Path) -> None:
    """Save the frozen SavedModel at `frozen` into `destination`, with weights and most computation in bfloat16.

    TensorFlow has the pass only with oneDNN, whose default depends on the processor and is fixed when TensorFlow is
    loaded: this process must have it on. The result has the same inputs and outputs, and needs a processor with
    bfloat16 wherever oneDNN is on.

    Raises:
        FreezeError: Nothing in the model can be computed in bfloat16, or TensorFlow cannot do it.
    """
    from tensorflow.core.protobuf import config_pb2
    from tensorflow.python.framework import errors
    from tensorflow.python.grappler import tf_optimizer

    from ..sources.saved_model_files import read_meta_graph

    meta_graph = read_meta_graph(frozen, SERVE_TAGS)
    signatures = dict(meta_graph.signature_def)
    tensors = (
        info.name
        for signature in signatures.values()
        for info in (*signature.inputs.values(), *signature.outputs.values())
    )
    nodes = sorted({name.split(":")[0] for name in tensors})
    # Grappler keeps the nodes in this collection.
    meta_graph.collection_def["train_op"].node_list.value.extend(nodes)
    config = config_pb2.ConfigProto()
    rewriter = config.graph_options.rewrite_options
    rewriter.meta_optimizer_iterations = rewriter.ONE
    rewriter.min_graph_nodes = -1
    rewriter.optimizers.append(_OPTIMIZER)
    try:
        graph = tf_optimizer.OptimizeGraph(config, meta_graph)
    except (ValueError, errors.OpError) as error:
        raise FreezeError(reason_of(error)) from error
    if not _store_as_bfloat16(graph):
        raise FreezeError("no weight of the model is multiplied in a way that TensorFlow computes in bfloat16")
    _drop_idle_order(graph)
    save_graph(without_unused(graph, nodes), signatures, destination)


def _store_as_bfloat16(graph: Any) -> int:
    """Replace each conversion of a weight by the converted weight, and return their number."""
    import tensorflow as tf

    constants = {node.name: node for node in graph.node if node.op == "Const"}
    stored: dict[str, str] = {}
    for node in graph.node:
        bfloat16 = node.op == "Cast" and node.attr["DstT"].type == tf.bfloat16.as_datatype_enum
        source = node.input[0].split(":")[0] if bfloat16 else ""
        if source not in constants:
            continue
        del node.input[:]
        node.attr.clear()
        if source in stored:
            node.op = "Identity"
            node.input.append(stored[source])
            node.attr["T"].type = tf.bfloat16.as_datatype_enum
            continue
        value = tf.make_ndarray(constants[source].attr["value"].tensor).astype(tf.bfloat16.as_numpy_dtype)
        node.op = "Const"
        node.attr["dtype"].type = tf.bfloat16.as_datatype_enum
        node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
        stored[source] = node.name
    return len(stored)


def _drop_idle_order(graph: Any) -> None:
    """Drop the control edges from operators without effect, which would keep the float32 weights in the file."""
    by_name = {node.name: node for node in graph.node}
    inert: dict[str, bool] = {}

    def is_inert(start: str) -> bool:
        pending = [start]
        while pending:
            name = pending[-1]
            node = by_name.get(name)
            if name in inert:
                pending.pop()
                continue
            if node is None or node.op not in _INERT:
                inert[name] = False
                continue
            sources = [source.lstrip("^").split(":")[0] for source in node.input]
            unknown = [source for source in sources if source not in inert and source not in pending]
            if unknown:
                pending += unknown
                continue
            # A source that is still pending is part of a loop.
            inert[name] = all(inert.get(source, False) for source in sources)
        return inert[start]

    for node in graph.node:
        kept = [source for source in node.input if not (source.startswith("^") and is_inert(source[1:]))]
        del node.input[:]
        node.input.extend(kept)
