"""Finds inputs that take serialized `tf.train.Example` messages, as Estimators export them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .messages import type_name
from .spec import Feature

if TYPE_CHECKING:
    from collections.abc import Iterable


def features_of(meta_graph: Any, tensor_name: str) -> tuple[Feature, ...] | None:
    """Return the features that the graph parses out of a tensor of strings; None if it parses none."""
    nodes = {node.name: node for node in meta_graph.graph_def.node}
    name = tensor_name.split(":", maxsplit=1)[0]
    for node in meta_graph.graph_def.node:
        if node.op in ("ParseExample", "ParseExampleV2") and node.input[0].split(":")[0] == name:
            sparse, dense = _keys(node, nodes)
            types, shapes = node.attr["Tdense"].list.type, node.attr["dense_shapes"].list.shape
            return (
                *_features(sparse, node.attr["sparse_types"].list.type, [1] * len(sparse)),
                *_features(dense, types, [_size(shape) for shape in shapes]),
            )
    return None


def _keys(node: Any, nodes: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Return the keys of features of any length, and of a fixed one."""
    if node.op == "ParseExampleV2":
        return _strings(node.input[2:3], nodes), _strings(node.input[3:4], nodes)
    first = 2 + node.attr["Nsparse"].i
    return _strings(node.input[2:first], nodes), _strings(node.input[first : first + node.attr["Ndense"].i], nodes)


def _strings(inputs: Iterable[str], nodes: dict[str, Any]) -> list[str]:
    constants = (nodes[name.split(":")[0]] for name in inputs)
    return [key.decode() for node in constants if node.op == "Const" for key in node.attr["value"].tensor.string_val]


def _features(keys: list[str], types: Iterable[int], sizes: list[int]) -> Iterable[Feature]:
    return (Feature(key, type_name(dtype), size) for key, dtype, size in zip(keys, types, sizes, strict=False))


def _size(shape: Any) -> int:
    size = 1
    for dimension in shape.dim:
        size *= max(1, dimension.size)
    return size
