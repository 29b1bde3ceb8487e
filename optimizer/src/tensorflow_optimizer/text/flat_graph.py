"""Loads a SavedModel into a session, as one graph without functions, with constants for variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import UnsupportedError, reason_of
from ..processes.exhaustion import raise_exhausted
from ..runners.saved_model_runner import loading_error

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

#: Prefix of the names of the flat graph's operations, which lie beside the loaded ones.
SCOPE = "flat"
#: Merging equal operations makes steps fewer; folding constants would store a weight again where it is reshaped.
_PASSES = ("function", "common_subgraph_elimination", "dependency")
_TABLES = ("HashTableV2", "MutableHashTableV2", "MutableDenseHashTableV2")


class NotFlatError(UnsupportedError):
    """A model whose variables cannot be constants."""


class FlatGraph:
    """A model's signatures in one graph, and the session that holds its tables."""

    def __init__(self, directory: Path, tags: list[str], names: Iterable[str]) -> None:
        """Load the model.

        Args:
            directory: The SavedModel.
            tags: Of its graph.
            names: The signatures to keep.

        Raises:
            OptimizerError: TensorFlow cannot load it.
            NotFlatError: TensorFlow cannot make constants of its variables.
        """
        import tensorflow as tf

        v1 = tf.compat.v1
        self.graph = v1.Graph()
        self.session = v1.Session(graph=self.graph)
        with self.graph.as_default():
            try:
                meta_graph = v1.saved_model.load(self.session, tags, str(directory))
            except Exception as error:
                raise_exhausted(error)
                raise loading_error(error, None) from error
            self.signatures = {name: meta_graph.signature_def[name] for name in names}
            self.definition = self._flat(self.graph.as_graph_def())
            v1.import_graph_def(self.definition, name=SCOPE)

    def tensor(self, name: str) -> Any:
        """Return a tensor by the name that it has in the flat graph's definition."""
        return self.graph.get_tensor_by_name(f"{SCOPE}/{name}")

    def close(self) -> None:
        """Free the session."""
        self.session.close()

    def _flat(self, definition: Any) -> Any:
        import tensorflow as tf
        from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_from_session_graph

        nodes = sorted(
            {
                info.name.split(":")[0]
                for signature in self.signatures.values()
                for info in (*signature.inputs.values(), *signature.outputs.values())
            }
        )
        try:
            frozen = convert_variables_to_constants_from_session_graph(self.session, definition, nodes)
            flat = _inlined(frozen, self.signatures, nodes)
        except (ValueError, TypeError, KeyError, tf.errors.OpError) as error:
            raise NotFlatError(
                f"TensorFlow makes no constants of the model's variables ({reason_of(error)})"
            ) from error
        for node in flat.node:
            # A table without a shared name has that of its node, which the import changes.
            if node.op in _TABLES and not node.attr["shared_name"].s:
                node.attr["shared_name"].s = node.name.encode()
        _rename_functions(flat)
        return flat


def _inlined(definition: Any, signatures: dict[str, Any], names: list[str]) -> Any:
    """Put the bodies of functions into the graph; those of loops and conditions stay functions."""
    import tensorflow as tf
    from tensorflow.core.protobuf import config_pb2, rewriter_config_pb2
    from tensorflow.python.grappler import tf_optimizer

    v1 = tf.compat.v1
    for nodes in (definition.node, *(function.node_def for function in definition.library.function)):
        for node in nodes:
            # LiteRT has loops and conditions as functions, and not as switches and merges.
            if "_lower_using_switch_merge" in node.attr:
                node.attr["_lower_using_switch_merge"].b = False
    with v1.Graph().as_default() as graph:
        v1.import_graph_def(definition, name="")
        meta_graph = v1.train.export_meta_graph(graph_def=definition, graph=graph)
    for name, signature in signatures.items():
        meta_graph.signature_def[name].CopyFrom(signature)
    # Grappler keeps the nodes in this collection.
    meta_graph.collection_def["train_op"].node_list.value.extend(names)
    config = config_pb2.ConfigProto()
    rewriter = config.graph_options.rewrite_options
    rewriter.meta_optimizer_iterations = rewriter_config_pb2.RewriterConfig.ONE
    rewriter.min_graph_nodes = -1
    rewriter.optimizers.extend(_PASSES)
    optimized = tf_optimizer.OptimizeGraph(config, meta_graph)
    return v1.graph_util.extract_sub_graph(optimized, names)


def _rename_functions(definition: Any) -> None:
    """Give the functions of the flat graph names of their own, beside the loaded ones of the same names."""
    names = {function.signature.name: f"{SCOPE}_{function.signature.name}" for function in definition.library.function}
    for function in definition.library.function:
        function.signature.name = names[function.signature.name]
    for nodes in (definition.node, *(function.node_def for function in definition.library.function)):
        for node in nodes:
            node.op = names.get(node.op, node.op)
            for attribute in node.attr.values():
                for called in (attribute.func, *attribute.list.func):
                    if called.name in names:
                        called.name = names[called.name]
    for gradient in definition.library.gradient:
        gradient.function_name = names.get(gradient.function_name, gradient.function_name)
        gradient.gradient_func = names.get(gradient.gradient_func, gradient.gradient_func)
