"""Finds signatures that are one computation under several names, as Keras exports `serve` and `serving_default`."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from .side_effects import is_stateful

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .spec import SignatureSpec

#: Attributes that do not change what a node computes. Those that begin with an underscore do not either.
_IGNORED = frozenset({"config", "config_proto", "executor_type"})
#: Operators that are stateful to TensorFlow, although two of them with the same operands are as good as one.
_REPEATABLE = frozenset(
    {
        "VarHandleOp",
        "ReadVariableOp",
        "ResourceGather",
        "HashTableV2",
        "LookupTableFindV2",
        "StatefulPartitionedCall",
        "If",
        "While",
        "Case",
    }
)
#: Repeatable operators whose resource gets the node's name if it has no shared name.
_RESOURCES = frozenset({"VarHandleOp", "HashTableV2"})


class _NotComparableError(Exception):
    """The graph has a cycle, or is not whole."""


def equal_signatures(meta_graph: Any, specs: Iterable[SignatureSpec]) -> dict[str, str]:
    """Return, for each signature that computes the same as an earlier one, the earlier one's name.

    Both have the same names, types and shapes of inputs and outputs, the same operators, and the same variables.

    Args:
        meta_graph: The SavedModel's.
        specs: Its signatures; the one to keep comes first.
    """
    first: dict[int, str] = {}
    equals: dict[str, str] = {}
    for name, number in computations(meta_graph, specs).items():
        if number is not None and (kept := first.setdefault(number, name)) != name:
            equals[name] = kept
    return equals


def computations(meta_graph: Any, specs: Iterable[SignatureSpec]) -> dict[str, int | None]:
    """Return a number for each signature, the same for those that compute the same; None: that cannot be said."""
    library = _Library(meta_graph.graph_def.library)
    nodes = {node.name: node for node in meta_graph.graph_def.node}
    numbers: dict[Any, int] = {}
    computed: dict[str, int | None] = {}
    for spec in specs:
        try:
            computed[spec.name] = numbers.setdefault(_computation(spec, nodes, library), len(numbers))
        except _NotComparableError:
            computed[spec.name] = None
    return computed


def _computation(spec: SignatureSpec, nodes: dict[str, Any], library: _Library) -> Any:
    arguments = {
        _node_name(tensor.tensor_name): library.number(("input", name, tensor.dtype, tensor.shape))
        for name, tensor in spec.inputs.items()
    }
    body = _Body(nodes, library, "", dict(arguments))
    outputs = tuple(
        (name, tensor.dtype, tensor.shape, body.tensor(tensor.tensor_name))
        for name, tensor in sorted(spec.outputs.items())
    )
    return spec.method_name, frozenset(arguments.values()), outputs


class _Library:
    """The functions of a graph. Equal computations have the same number."""

    def __init__(self, library: Any) -> None:
        self._functions = {function.signature.name: function for function in library.function}
        self._numbers: dict[Any, int] = {}
        self._known: dict[str, int] = {}
        self._open: set[str] = set()

    def number(self, computation: Any) -> int:
        return self._numbers.setdefault(computation, len(self._numbers))

    def function(self, name: str) -> Any:
        """Return the number of a function, or the name of an operator."""
        if name in self._known or name not in self._functions:
            return self._known.get(name, name)
        if name in self._open:
            raise _NotComparableError
        self._open.add(name)
        self._known[name] = self.number(self._computation(name, self._functions[name]))
        self._open.discard(name)
        return self._known[name]

    def _computation(self, name: str, function: Any) -> Any:
        parameters = {
            parameter.name: self.number(("parameter", position, parameter.type))
            for position, parameter in enumerate(function.signature.input_arg)
        }
        body = _Body({node.name: node for node in function.node_def}, self, name, parameters)
        results = tuple(body.tensor(function.ret[output.name]) for output in function.signature.output_arg)
        effects = frozenset(body.node(function.control_ret[effect]) for effect in function.signature.control_output)
        return "function", results, effects


class _Body:
    """The nodes of a function, or those outside of all functions."""

    def __init__(self, nodes: dict[str, Any], library: _Library, scope: str, known: dict[str, int]) -> None:
        self._nodes = nodes
        self._library = library
        self._scope = scope
        self._known = known

    def tensor(self, name: str) -> Any:
        """Return the computation of `^node`, `node`, `node:0`, or, within a function, `node:output:0`."""
        output = [part for part in name.split(":")[1:] if part != "0"]
        return name.startswith("^"), self.node(_node_name(name)), *output

    def node(self, name: str) -> int:
        # A stack instead of recursion: a model may have thousands of layers.
        stack = [name]
        waiting: set[str] = set()
        while stack:
            current = stack[-1]
            if current in self._known:
                stack.pop()
                continue
            if current not in self._nodes:
                raise _NotComparableError
            node = self._nodes[current]
            missing = [source for source in map(_node_name, node.input) if source not in self._known]
            if missing and current in waiting:
                raise _NotComparableError
            waiting.add(current)
            stack += missing
            if not missing:
                self._known[current] = self._library.number(self._computation(node))
        return self._known[name]

    def _computation(self, node: Any) -> Any:
        operands = [self.tensor(name) for name in node.input]
        attributes = frozenset(
            (name, self._attribute(value))
            for name, value in node.attr.items()
            if not name.startswith("_") and name not in _IGNORED
        )
        return (
            self._library.function(node.op),
            (self._scope, node.name) if _is_unique(node) else None,
            attributes,
            tuple(operand for operand in operands if not operand[0]),
            frozenset(operand for operand in operands if operand[0]),
        )

    def _attribute(self, value: Any) -> Any:
        if value.HasField("func"):
            return self._called(value.func)
        if value.list.func:
            return tuple(map(self._called, value.list.func))
        return sha256(value.SerializeToString(deterministic=True)).digest()

    def _called(self, function: Any) -> Any:
        attributes = frozenset((name, self._attribute(value)) for name, value in function.attr.items())
        return self._library.function(function.name), attributes


def _is_unique(node: Any) -> bool:
    """Tell whether another node with the same operands would do something else."""
    if node.op in _REPEATABLE:
        # `get` and no index, which would add the attribute.
        shared = node.attr.get("shared_name")
        return node.op in _RESOURCES and not (shared and shared.s)
    return is_stateful(node.op)


def _node_name(tensor: str) -> str:
    return tensor.removeprefix("^").split(":")[0]
