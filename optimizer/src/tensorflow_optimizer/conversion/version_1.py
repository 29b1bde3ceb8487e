"""SavedModels of TensorFlow 1, with a graph and a session but no objects, which TensorFlow 2 cannot save again."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from ..errors import UnsupportedError
from ..signatures.assets import assets_of
from .tags import SERVE_TAGS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ..signatures import SignatureSpec

MAIN_OP_COLLECTIONS = ("saved_model_main_op", "legacy_init_op")
INIT_SIGNATURE = "__saved_model_init_op"
_VARIABLES = "variables"


def is_version_1(meta_graph: Any) -> bool:
    """Say whether a SavedModel has no objects."""
    return not meta_graph.object_graph_def.nodes


def strip_version_1(source: Path, meta_graph: Any, signatures: Iterable[SignatureSpec], destination: Path) -> None:
    """Save the part of the graph that the signatures reach, with the variables in it."""
    import tensorflow as tf

    v1 = tf.compat.v1
    kept = {signature.name: meta_graph.signature_def[signature.name] for signature in signatures}
    main_op = main_op_of(meta_graph)
    nodes = {
        _node(info.name)
        for signature in kept.values()
        for info in (*signature.inputs.values(), *signature.outputs.values())
    }
    nodes |= {_node(asset.tensor_info.name) for asset in assets_of(meta_graph)}
    nodes |= {main_op} if main_op else set()
    variables = _variables_of(meta_graph, nodes)
    for variable in variables:
        nodes |= {_node(name) for name in (variable.variable_name, variable.initializer_name, variable.snapshot_name)}
        nodes |= {_node(variable.initial_value_name)} if variable.initial_value_name else set()
    with v1.Graph().as_default() as graph, v1.Session(graph=graph) as session:
        # `v1.Variable.from_proto` makes a reference variable of every definition, and a saver fails at a resource.
        saver = v1.train.import_meta_graph(_reduced(meta_graph, sorted(nodes), variables))
        if saver:
            saver.restore(session, str(source / _VARIABLES / _VARIABLES))
        builder = v1.saved_model.Builder(str(destination))
        builder.add_meta_graph_and_variables(
            session,
            SERVE_TAGS,
            signature_def_map=kept,
            main_op=graph.get_operation_by_name(main_op) if main_op else None,
            saver=saver,
        )
        builder.save()
    _add_assets(source, meta_graph, destination)


def _reduced(meta_graph: Any, nodes: list[str], variables: list[Any]) -> Any:
    """Return the part of a graph that `nodes` reach, with these variables and no saver."""
    import tensorflow as tf
    from tensorflow.core.protobuf import meta_graph_pb2

    v1 = tf.compat.v1
    reduced = meta_graph_pb2.MetaGraphDef(graph_def=v1.graph_util.extract_sub_graph(meta_graph.graph_def, nodes))
    if variables:
        content = [variable.SerializeToString() for variable in variables]
        reduced.collection_def[v1.GraphKeys.GLOBAL_VARIABLES].bytes_list.value.extend(content)
    return reduced


def freeze_version_1(source: Path, tags: list[str], signatures: Iterable[SignatureSpec], destination: Path) -> None:
    """Save a SavedModel with constants for variables, as LiteRT's conversion does anyway.

    Raises:
        UnsupportedError: The model writes its variables.
    """
    import tensorflow as tf

    v1 = tf.compat.v1
    with v1.Graph().as_default() as graph, v1.Session(graph=graph) as session:
        meta_graph = v1.saved_model.load(session, tags, str(source))
        kept = {signature.name: meta_graph.signature_def[signature.name] for signature in signatures}
        # Include the inputs: one that no output depends on would be removed from the graph, but stay in the signature.
        outputs = sorted(
            {
                _node(info.name)
                for signature in kept.values()
                for info in (*signature.inputs.values(), *signature.outputs.values())
            }
        )
        try:
            frozen = v1.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), outputs)
        except (ValueError, tf.errors.OpError) as error:
            raise UnsupportedError(
                "the model was made with TensorFlow 1 and changes its variables when it is called, so that LiteRT "
                "cannot hold it; save it again with TensorFlow 2 (tf.saved_model.save)"
            ) from error
    with v1.Graph().as_default() as graph, v1.Session(graph=graph) as session:
        v1.import_graph_def(frozen, name="")
        builder = v1.saved_model.Builder(str(destination))
        builder.add_meta_graph_and_variables(session, SERVE_TAGS, signature_def_map=kept)
        builder.save()


def _variables_of(meta_graph: Any, nodes: set[str]) -> list[Any]:
    """Return the definitions of the variables in the part of the graph that `nodes` reach."""
    import tensorflow as tf
    from tensorflow.core.framework import variable_pb2

    reached = tf.compat.v1.graph_util.extract_sub_graph(meta_graph.graph_def, sorted(nodes))
    names = {node.name for node in reached.node}
    definitions: dict[str, Any] = {}
    for collection in (tf.compat.v1.GraphKeys.GLOBAL_VARIABLES, tf.compat.v1.GraphKeys.LOCAL_VARIABLES):
        for content in meta_graph.collection_def[collection].bytes_list.value:
            definition = variable_pb2.VariableDef.FromString(content)
            if _node(definition.variable_name) in names:
                definitions[definition.variable_name] = definition
    return [definitions[name] for name in sorted(definitions)]


def main_op_of(meta_graph: Any) -> str | None:
    """Return the name of the operator that a loader runs after the variables are restored, or None."""
    if INIT_SIGNATURE in meta_graph.signature_def:
        outputs = meta_graph.signature_def[INIT_SIGNATURE].outputs
        return next((_node(info.name) for info in outputs.values()), None)
    for collection in MAIN_OP_COLLECTIONS:
        # A lookup would create the member.
        if collection in meta_graph.collection_def:
            names = meta_graph.collection_def[collection].node_list.value
            if names:
                return _node(names[0])
    return None


def _add_assets(source: Path, meta_graph: Any, destination: Path) -> None:
    """The builder would look for the files at their paths on the machine that trained the model."""
    from tensorflow.core.protobuf import saved_model_pb2

    assets = assets_of(meta_graph)
    if not assets:
        return
    file = destination / "saved_model.pb"
    saved_model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    saved_model.meta_graphs[0].asset_file_def.extend(assets)
    file.write_bytes(saved_model.SerializeToString(deterministic=True))
    shutil.copytree(source / "assets", destination / "assets", dirs_exist_ok=True)


def _node(tensor: str) -> str:
    return tensor.lstrip("^").split(":")[0]
