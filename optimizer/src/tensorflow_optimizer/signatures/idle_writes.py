"""Finds writes of variables that no answer depends on.

Keras's recurrent layers draw the masks of their dropout when they predict, too, and advance the seed; nothing reads the
masks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .operators import called_by, is_writer

if TYPE_CHECKING:
    from collections.abc import Iterator

    Tensor = tuple[str, str, int]
    """The name of a function, empty for the main graph; that of a node or an argument; the number of the output."""

#: Operations that write a variable, without outputs.
_WRITES = ("AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp")
_LOOPS = ("While", "StatelessWhile")
_BRANCHES = ("If", "StatelessIf", "Case", "StatelessCase")
#: Operations that pass variables on and use none themselves.
_PASSING = ("Identity", "PartitionedCall", "StatefulPartitionedCall", *_LOOPS, *_BRANCHES)


def remove_idle_writes(meta_graph: Any) -> bool:
    """Replace writes that no output of any signature depends on by nodes that do nothing; say whether any is."""
    graph = _Graph(meta_graph)
    idle = [graph.nodes[scope][name] for scope, name in graph.idle_writes()]
    for node in idle:
        node.op = "NoOp"
        node.ClearField("input")
        node.ClearField("attr")
    return bool(idle)


class _Graph:
    """The main graph and the functions that the signatures' outputs reach."""

    def __init__(self, meta_graph: Any) -> None:
        graph = meta_graph.graph_def
        self._functions = {function.signature.name: function for function in graph.library.function}
        self.nodes: dict[str, dict[str, Any]] = {"": {node.name: node for node in graph.node}}
        self._roots: dict[str, list[str]] = {
            "": [
                info.name.split(":")[0]
                for signature in meta_graph.signature_def.values()
                for info in signature.outputs.values()
            ]
        }
        self._parents: dict[Tensor, Tensor] = {}
        self._opaque: set[str] = set()
        pending = [("", node) for node in self._reached("", self._roots[""])]
        self._reachable = {node.name for _, node in pending}
        while pending:
            scope, node = pending.pop()
            if not self._join(scope, node):
                self._leave_alone(node)
                continue
            for name in self._called(node):
                if name not in self.nodes:
                    function = self._functions[name]
                    self.nodes[name] = {entry.name: entry for entry in function.node_def}
                    self._roots[name] = [_tensor(name, value)[1] for value in function.ret.values()]
                    pending += [(name, entry) for entry in function.node_def]

    def idle_writes(self) -> list[tuple[str, str]]:
        """Return the function and the name of each."""
        live: set[Tensor] = set()
        while True:
            before = len(live)
            for scope in self.nodes:
                live |= self._used(scope, live)
            if len(live) == before:
                break
        return [(scope, node.name) for scope, node in self._writes() if self._variable(scope, node) not in live]

    def _writes(self) -> Iterator[tuple[str, Any]]:
        for scope, nodes in self.nodes.items():
            for node in nodes.values():
                runs = scope not in self._opaque if scope else node.name in self._reachable
                if runs and node.op in _WRITES:
                    yield scope, node

    def _used(self, scope: str, live: set[Tensor]) -> set[Tensor]:
        """Return the variables of a function that answers, or the values of `live` ones, are computed from."""
        roots = list(self._roots[scope])
        for node in self.nodes[scope].values() if scope else ():
            acts = self._variable(scope, node) in live if node.op in _WRITES else is_writer(node.op)
            if acts or any(self._called(node)):
                roots.append(node.name)
        return {
            self._find(_tensor(scope, name))
            for node in self._reached(scope, roots)
            if node.op not in (*_PASSING, *_WRITES) and node.op not in self._functions
            for name in _data(node)
        }

    def _reached(self, scope: str, roots: list[str]) -> Iterator[Any]:
        nodes, seen, pending = self.nodes[scope], set(), list(roots)
        while pending:
            name = pending.pop()
            if name in seen or name not in nodes:
                continue
            seen.add(name)
            yield nodes[name]
            pending += [_tensor(scope, source)[1] for source in nodes[name].input if not scope or source[0] != "^"]

    def _variable(self, scope: str, node: Any) -> Tensor:
        return self._find(_tensor(scope, node.input[0]))

    def _join(self, scope: str, node: Any) -> bool:
        """Note which tensors are the same variable; say whether it is known how the node calls its functions."""
        operands = [_tensor(scope, name) for name in _data(node)]
        if node.op == "Identity":
            self._unite(operands[0], (scope, node.name, 0))
        if node.op == "VarHandleOp":
            shared = node.attr["shared_name"].s.decode() or node.name
            self._unite((scope, node.name, 0), ("", f"variable {shared}", 0))
        called = list(self._called(node))
        if called and node.op not in _PASSING and node.op not in self._functions:
            return False
        operands = operands[1:] if node.op in _BRANCHES else operands
        for name in called:
            function = self._functions[name]
            arguments = [(name, argument.name, 0) for argument in function.signature.input_arg]
            for operand, argument in zip(operands, arguments, strict=False):
                self._unite(operand, argument)
            if node.op in _LOOPS and name == node.attr["cond"].func.name:
                continue
            for index, output in enumerate(function.signature.output_arg):
                result = _tensor(name, function.ret[output.name])
                self._unite(result, (scope, node.name, index))
                if node.op in _LOOPS:
                    self._unite(result, arguments[index])
        return True

    def _leave_alone(self, node: Any) -> None:
        """Take no write for idle in what a node of another kind calls."""
        for name in self._called(node):
            if name not in self._opaque:
                self._opaque.add(name)
                for entry in self._functions[name].node_def:
                    self._leave_alone(entry)

    def _called(self, node: Any) -> Iterator[str]:
        return (name for name in called_by(node.op, node.attr) if name in self._functions)

    def _find(self, tensor: Tensor) -> Tensor:
        while (parent := self._parents.get(tensor, tensor)) != tensor:
            tensor = parent
        return tensor

    def _unite(self, first: Tensor, second: Tensor) -> None:
        self._parents[self._find(first)] = self._find(second)


def _data(node: Any) -> list[str]:
    return [name for name in node.input if name[0] != "^"]


def _tensor(scope: str, name: str) -> Tensor:
    parts = name.lstrip("^").split(":")
    return scope, parts[0], int(parts[-1]) if len(parts) > 1 else 0
