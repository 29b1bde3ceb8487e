"""Lists the operators of a signature, including those of the functions that it calls."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from ..errors import UnsupportedError

if TYPE_CHECKING:
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

#: They name a function of the process that made them.
_PYTHON = frozenset({"EagerPyFunc", "PyFunc", "PyFuncStateless"})


def operators_of(meta_graph: Any, signature: SignatureSpec) -> Counter[str]:
    """Return the operators that one call of `signature` reaches, with their number in the graph."""
    graph = meta_graph.graph_def
    functions = {function.signature.name: function for function in graph.library.function}
    found: Counter[str] = Counter()
    seen: set[str] = set()
    pending = [(node.op, node.attr) for node in _reachable(graph, signature)]
    while pending:
        operator, attributes = pending.pop()
        if operator not in functions:
            found[operator] += 1
        for name in called_by(operator, attributes):
            if name in functions and name not in seen:
                seen.add(name)
                pending += [(node.op, node.attr) for node in functions[name].node_def]
    return found


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


def refuse_python(meta_graph: Any, signature: SignatureSpec) -> None:
    """Refuse a signature that calls back into the Python program that made it.

    Raises:
        UnsupportedError: It does.
    """
    found = sorted(operators_of(meta_graph, signature).keys() & _PYTHON)
    if found:
        raise UnsupportedError(
            f"the signature {signature.name!r} uses tf.py_function or tf.numpy_function ({', '.join(found)}): it calls "
            "Python code that only the program has that exported the model; export it without"
        )


def is_writer(operator: str) -> bool:
    """Say whether an operator changes a variable, a table or a queue."""
    return operator in _WRITERS or operator.startswith(_WRITER_PREFIXES)
