"""Lists the operators of a signature, including those of the functions that it calls."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .spec import SignatureSpec


#: Operators that write a variable or a table. The graph also shows writes that a trial run would not reach.
_WRITERS = frozenset(
    {
        "Assign",
        "AssignAdd",
        "AssignSub",
        "AssignVariableOp",
        "AssignAddVariableOp",
        "AssignSubVariableOp",
        "LookupTableInsert",
        "LookupTableInsertV2",
        "LookupTableRemoveV2",
        "QueueEnqueueV2",
        "QueueDequeueV2",
    }
)
_WRITER_PREFIXES = ("ResourceScatter", "ScatterAdd", "ScatterUpdate", "ResourceApply", "ResourceStridedSliceAssign")

#: Operators that call a Python function of the process that made them.
_PYTHON = frozenset({"EagerPyFunc", "PyFunc", "PyFuncStateless"})


#: Counted beside their own names: convolutions whose filters see some of the channels only, as depthwise ones do.
GROUPED_CONVOLUTION = "grouped convolution"


def operators_of(meta_graph: Any, signature: SignatureSpec) -> Counter[str]:
    """Return the operators that one call of `signature` reaches, with their number in the graph.

    Grouped convolutions are counted by a name of their own as well, where the graph has the shapes to tell them.
    """
    graph = meta_graph.graph_def
    functions = {function.signature.name: function for function in graph.library.function}
    operators: Counter[str] = Counter()
    seen: set[str] = set()
    reachable = _reachable(graph, signature)
    operators[GROUPED_CONVOLUTION] += _grouped(reachable, {})
    pending = [(node.op, node.attr) for node in reachable]
    while pending:
        operator, attributes = pending.pop()
        if operator not in functions:
            operators[operator] += 1
        for name in called_by(operator, attributes):
            if name in functions and name not in seen:
                seen.add(name)
                function = functions[name]
                given = {
                    argument.name: function.arg_attr[number].attr
                    for number, argument in enumerate(function.signature.input_arg)
                    if number in function.arg_attr
                }
                operators[GROUPED_CONVOLUTION] += _grouped(function.node_def, given)
                pending += [(node.op, node.attr) for node in function.node_def]
    return +operators


def _grouped(nodes: Iterable[Any], given: Mapping[str, Any]) -> int:
    """Return how many grouped convolutions a graph or function has; `given` has the attributes of its arguments."""
    attributes = {**given, **{node.name: node.attr for node in nodes}}
    grouped = 0
    for node in nodes:
        if node.op != "Conv2D":
            continue
        image, filters = (_shape(attributes, source) for source in node.input[:2])
        channels_first = node.attr["data_format"].s == b"NCHW"
        if len(image) == len(filters) == 4:
            channels = image[1 if channels_first else 3]
            grouped += 0 < filters[2] < channels
    return grouped


def _shape(attributes: Mapping[str, Any], source: str) -> list[int]:
    """Return the shape of a node's output, as saving notes it; empty: it is not known."""
    name, *rest = source.lstrip("^").split(":")
    attribute = attributes.get(name)
    shapes = attribute["_output_shapes"].list.shape if attribute is not None and "_output_shapes" in attribute else []
    number = int(rest[-1]) if rest else 0
    return [dimension.size for dimension in shapes[number].dim] if number < len(shapes) else []


def _reachable(graph: Any, signature: SignatureSpec) -> list[Any]:
    nodes = {node.name: node for node in graph.node}
    pending = [_node_name(spec.tensor_name) for spec in signature.outputs.values()]
    seen: set[str] = set()
    while pending:
        name = pending.pop()
        if name in seen or name not in nodes:
            continue
        seen.add(name)
        pending += [_node_name(source) for source in nodes[name].input]
    return [nodes[name] for name in sorted(seen)]


def _node_name(tensor: str) -> str:
    return tensor.lstrip("^").split(":")[0]


def called_by(operator: str, attributes: Any) -> list[str]:
    """Return the names of functions that a node may call."""
    names = [operator]
    for value in attributes.values():
        if value.HasField("func"):
            names.append(value.func.name)
        names += [function.name for function in value.list.func]
    return names


def is_python(operator: str) -> bool:
    """Say whether an operator calls a function of the Python program that made the model."""
    return operator in _PYTHON


def is_writer(operator: str) -> bool:
    """Say whether an operator changes a variable, a table or a queue."""
    return operator in _WRITERS or operator.startswith(_WRITER_PREFIXES)
