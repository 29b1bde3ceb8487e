"""Turns a SavedModel's variables into constants, and drops every function that no signature calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import reason_of
from .tags import SERVE_TAGS

if TYPE_CHECKING:
    from pathlib import Path

    from ..signatures import SignatureSpec

#: Grappler's passes that only merge equal operators and inline functions.
#: Folding constants would store a weight again wherever it is reshaped, and may round differently.
_PASSES = ("function", "common_subgraph_elimination", "dependency")


class FreezeError(Exception):
    """The model cannot be frozen; the message says why."""


def freeze(source: Path, tags: list[str], signatures: list[SignatureSpec], destination: Path) -> None:
    """Save `signatures` of the SavedModel at `source` into `destination`, with constants for variables.

    All signatures stay in one graph, so that shared weights are stored once, and inputs and outputs keep their tensors'
    names, so that nothing depends on an order.

    Raises:
        FreezeError: TensorFlow cannot do it.
    """
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_from_session_graph

    v1 = tf.compat.v1
    with v1.Graph().as_default() as graph, v1.Session(graph=graph) as session:
        meta_graph = v1.saved_model.load(session, tags, str(source))
        kept = {signature.name: meta_graph.signature_def[signature.name] for signature in signatures}
        tensors = (
            info.name
            for signature in kept.values()
            for info in (*signature.inputs.values(), *signature.outputs.values())
        )
        # Include the inputs: one that no output depends on would be removed from the graph, but stay in the signature.
        nodes = sorted({name.split(":")[0] for name in tensors})
        try:
            frozen = convert_variables_to_constants_from_session_graph(session, graph.as_graph_def(), nodes)
            frozen = _rewritten(frozen, kept, nodes)
        except (ValueError, TypeError, KeyError, tf.errors.OpError) as error:
            raise FreezeError(reason_of(error)) from error
    save_graph(frozen, kept, destination)


def save_graph(graph_def: Any, signatures: dict[str, Any], destination: Path) -> None:
    """Save a graph without variables as a SavedModel, with the same bytes for the same graph."""
    import tensorflow as tf

    v1 = tf.compat.v1
    with v1.Graph().as_default() as graph, v1.Session(graph=graph) as session:
        v1.import_graph_def(graph_def, name="")
        builder = v1.saved_model.Builder(str(destination))
        builder.add_meta_graph_and_variables(
            session, SERVE_TAGS, signature_def_map=signatures, strip_default_attrs=True
        )
        builder.save()
    _make_reproducible(destination)


def _rewritten(graph_def: Any, signatures: dict[str, Any], nodes: list[str]) -> Any:
    """Inline the functions and merge equal operators, because loading time depends on the number of nodes.

    A function that repeats a block contains its constants again for each.
    """
    import tensorflow as tf
    from tensorflow.core.protobuf import config_pb2, rewriter_config_pb2
    from tensorflow.python.grappler import tf_optimizer

    v1 = tf.compat.v1
    with v1.Graph().as_default() as graph:
        v1.import_graph_def(graph_def, name="")
        meta_graph = v1.train.export_meta_graph(graph_def=graph_def, graph=graph)
    for name, signature in signatures.items():
        meta_graph.signature_def[name].CopyFrom(signature)
    # Grappler keeps the nodes in this collection.
    meta_graph.collection_def["train_op"].node_list.value.extend(nodes)
    config = config_pb2.ConfigProto()
    rewriter = config.graph_options.rewrite_options
    rewriter.meta_optimizer_iterations = rewriter_config_pb2.RewriterConfig.ONE
    rewriter.min_graph_nodes = -1
    rewriter.optimizers.extend(_PASSES)
    optimized = tf_optimizer.OptimizeGraph(config, meta_graph)
    return without_unused(optimized, nodes)


def without_unused(graph_def: Any, nodes: list[str]) -> Any:
    """Return the part of a graph that `nodes` reach, and the functions that it calls."""
    import tensorflow as tf

    reached = tf.compat.v1.graph_util.extract_sub_graph(graph_def, nodes)
    functions = {function.signature.name: function for function in graph_def.library.function}
    pending = list(reached.node)
    called: set[str] = set()
    while pending:
        node = pending.pop()
        names = {node.op}
        for value in node.attr.values():
            names |= {value.func.name, *(function.name for function in value.list.func)}
        for name in names & functions.keys() - called:
            called.add(name)
            pending += functions[name].node_def
    reached.library.Clear()
    reached.library.function.extend(functions[name] for name in sorted(called))
    reached.versions.CopyFrom(graph_def.versions)
    return reached


def _make_reproducible(directory: Path) -> None:
    from tensorflow.core.protobuf import saved_model_pb2

    file = directory / "saved_model.pb"
    saved_model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    file.write_bytes(saved_model.SerializeToString(deterministic=True))
    (directory / "fingerprint.pb").unlink(missing_ok=True)
