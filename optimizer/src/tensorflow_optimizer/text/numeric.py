"""Saves the part of a model that takes numbers: what is left of the flat graph behind the text part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..conversion.freeze import save_graph, without_unused

if TYPE_CHECKING:
    from pathlib import Path

    from .flat_graph import FlatGraph


@dataclass(frozen=True)
class Numeric:
    """A signature of the part that takes numbers."""

    name: str
    taken: dict[str, str]
    """Tensors of the flat graph that become inputs, by the names of the inputs."""
    inputs: dict[str, tuple[str, list[int]]]
    """Types and shapes of one row."""
    constants: dict[str, Any]
    """Values, by the tensors that are the same for every row."""
    has_text: bool
    """A text part makes the inputs; otherwise they are the model's own."""


def save_numeric(flat: FlatGraph, signatures: list[Numeric], destination: Path) -> None:
    """Save the signatures as a SavedModel."""
    from tensorflow.core.framework import graph_pb2
    from tensorflow.core.protobuf import meta_graph_pb2

    graph = graph_pb2.GraphDef()
    graph.library.CopyFrom(flat.definition.library)
    graph.versions.CopyFrom(flat.definition.versions)
    kept, nodes = {}, set()
    for number, signature in enumerate(signatures):
        saved = flat.signatures[signature.name]
        scope = f"signature_{number}"
        definition = meta_graph_pb2.SignatureDef(method_name=saved.method_name)
        replaced: dict[str, str] = {}
        for name, tensor in signature.taken.items():
            dtype, shape = signature.inputs[name]
            node = _placeholder(f"{scope}/{len(replaced)}", flat.tensor(tensor), shape)
            graph.node.append(node)
            replaced[_edge(tensor)] = node.name
            definition.inputs[name].CopyFrom(_info(f"{node.name}:0", dtype, node.attr["shape"].shape))
        for tensor, value in signature.constants.items():
            node = _constant(f"{scope}/{len(replaced)}", value)
            graph.node.append(node)
            replaced[_edge(tensor)] = node.name
        for node in flat.definition.node:
            copied = graph.node.add()
            copied.CopyFrom(node)
            copied.name = f"{scope}/flat/{node.name}"
            del copied.input[:]
            copied.input.extend(_renamed(entry, scope, replaced) for entry in node.input if not entry.startswith("^"))
        for name, info in saved.outputs.items():
            node = graph.node.add(op="Identity", name=f"{scope}/output_{len(definition.outputs)}")
            node.input.append(_renamed(_edge(info.name), scope, replaced))
            node.attr["T"].type = info.dtype
            definition.outputs[name].CopyFrom(info)
            definition.outputs[name].name = f"{node.name}:0"
            nodes.add(node.name)
        nodes |= {info.name.split(":")[0] for info in definition.inputs.values()}
        kept[signature.name] = definition
    save_graph(without_unused(graph, sorted(nodes)), kept, destination)


def _edge(tensor: str) -> str:
    """Return the name by which nodes take a tensor."""
    name, _, port = tensor.partition(":")
    return name if port in {"", "0"} else tensor


def _renamed(edge: str, scope: str, replaced: dict[str, str]) -> str:
    return replaced.get(_edge(edge), f"{scope}/flat/{edge}")


def _placeholder(name: str, tensor: Any, shape: list[int]) -> Any:
    import tensorflow as tf
    from tensorflow.core.framework import node_def_pb2

    node = node_def_pb2.NodeDef(op="Placeholder", name=name)
    node.attr["dtype"].type = tensor.dtype.as_datatype_enum
    known = tensor.shape.as_list() if tensor.shape.rank == len(shape) else [None, *shape[1:]]
    sizes = [None if position == 0 and known[:1] == [None] else size for position, size in enumerate(shape)]
    node.attr["shape"].shape.CopyFrom(tf.TensorShape(sizes).as_proto())
    return node


def _constant(name: str, value: Any) -> Any:
    import tensorflow as tf
    from tensorflow.core.framework import node_def_pb2

    node = node_def_pb2.NodeDef(op="Const", name=name)
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
    node.attr["dtype"].type = node.attr["value"].tensor.dtype
    return node


def _info(name: str, dtype: str, shape: Any) -> Any:
    import tensorflow as tf
    from tensorflow.core.protobuf import meta_graph_pb2

    return meta_graph_pb2.TensorInfo(name=name, dtype=tf.as_dtype(dtype).as_datatype_enum, tensor_shape=shape)
