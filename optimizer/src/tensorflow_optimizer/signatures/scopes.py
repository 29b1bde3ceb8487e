"""Finds the nodes of a MetaGraphDef, the functions that they call, and where the values of a tensor come from."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from .operators import called_by

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: The scope of the graph itself; the others have the names of functions.
MAIN = ""
_CALLS = ("PartitionedCall", "StatefulPartitionedCall")
#: Greater than in any ordinary graph, and bounded, because a stranger wrote the graph.
_MOST_STEPS = 10_000


class Place(NamedTuple):
    """A node, and the function that it is in."""

    scope: str
    node: Any


class Asset(NamedTuple):
    """The path of a file of the SavedModel that an object holds."""

    number: int


class UnknownOriginError(Exception):
    """A value's origin is unknown."""


class Scopes:
    """The graph of a MetaGraphDef and its functions."""

    def __init__(self, meta_graph: Any) -> None:
        graph = meta_graph.graph_def
        library = graph.library
        self.functions = {function.signature.name: function for function in library.function}
        self._bodies = [(MAIN, graph.node), *((entry.signature.name, entry.node_def) for entry in library.function)]
        self._nodes: dict[str, dict[str, Any]] = {}
        for scope, nodes in self._bodies:
            self._nodes[scope] = {node.name: node for node in nodes}
        self.ambiguous = len(self.functions) < len(library.function) or any(
            len(self._nodes[scope]) < len(nodes) for scope, nodes in self._bodies
        )
        """Two nodes or functions have one name, so that nothing can be said about either."""
        self._callers: dict[str, list[Place]] = defaultdict(list)
        self._named: set[str] = set()
        """Functions that something else than a plain call names."""
        self._objects = meta_graph.object_graph_def
        self._index_callers(library)

    def places(self) -> Iterator[Place]:
        """Return every node, those that nothing reaches and those of the same name included."""
        return (Place(scope, node) for scope, nodes in self._bodies for node in nodes)

    def node(self, scope: str, name: str) -> Any | None:
        """Return the node with this name."""
        return self._nodes[scope].get(name)

    def callers(self, function: str) -> list[Place]:
        """Return the nodes that call a function.

        Raises:
            UnknownOriginError: Something else names it: a loop, a gradient, another function's attribute.
        """
        if function in self._named:
            raise UnknownOriginError
        return self._callers[function]

    def is_object(self, function: str) -> bool:
        """Say whether an object of the SavedModel offers the function."""
        return function in self._objects.concrete_functions

    def reached(self, names: Iterable[str]) -> set[tuple[str, str]]:
        """Return scope and name of all nodes that the main graph's nodes of these names need."""
        pending = [(MAIN, _node_of(name)) for name in names]
        seen: set[tuple[str, str]] = set()
        while pending:
            scope, name = pending.pop()
            reached_node = self.node(scope, name)
            if reached_node is None or (scope, name) in seen:
                continue
            seen.add((scope, name))
            pending += [(scope, _node_of(source)) for source in reached_node.input]
            for function in called_by(reached_node.op, reached_node.attr):
                if function in self.functions:
                    pending += [(function, entry) for entry in self._nodes[function]]
        return seen

    def consumers(self, names: Iterable[str]) -> set[str]:
        """Return these nodes of the main graph and all that depend on one of them."""
        readers: dict[str, list[str]] = defaultdict(list)
        for node in self._nodes[MAIN].values():
            for source in node.input:
                readers[_node_of(source)].append(node.name)
        seen: set[str] = set()
        pending = list(names)
        while pending:
            name = pending.pop()
            if name not in seen:
                seen.add(name)
                pending += readers[name]
        return seen

    def calls_of(self, scope: str) -> set[str]:
        """Return the nodes of the main graph that run a function, however deep it is called.

        Raises:
            UnknownOriginError: Something else than calls names it.
        """
        callers: set[str] = set()
        pending, seen = [scope], set()
        while pending:
            current = pending.pop()
            if current in seen:
                continue
            seen.add(current)
            for place in self.callers(current):
                if place.scope == MAIN:
                    callers.add(place.node.name)
                else:
                    pending.append(place.scope)
        return callers

    def origins(self, scope: str, tensor: str) -> list[Place | Asset]:
        """Return the nodes that make the value of a tensor, through functions and copies.

        Raises:
            UnknownOriginError: It may come from elsewhere.
        """
        places: list[Place | Asset] = []
        pending, seen = [(scope, tensor)], set()
        while pending:
            current = pending.pop()
            if current in seen:
                continue
            seen.add(current)
            if len(seen) > _MOST_STEPS:
                raise UnknownOriginError
            here, name = current[0], _node_of(current[1])
            arguments = [] if here == MAIN else [entry.name for entry in self.functions[here].signature.input_arg]
            if name in arguments:
                places += self._bound(here, arguments.index(name))
                pending += self._given(here, arguments.index(name))
                continue
            node = self.node(here, name)
            if node is None:
                raise UnknownOriginError
            if node.op == "Identity":
                pending.append((here, node.input[0]))
            else:
                places.append(Place(here, node))
        if not places:
            raise UnknownOriginError
        return places

    def _given(self, function: str, index: int) -> list[tuple[str, str]]:
        given = []
        for place in self.callers(function):
            inputs = [name for name in place.node.input if not name.startswith("^")]
            if index >= len(inputs):
                raise UnknownOriginError
            given.append((place.scope, inputs[index]))
        return given

    def _bound(self, function: str, index: int) -> list[Asset]:
        """Return the assets that objects of the SavedModel give to an argument."""
        if not self.is_object(function):
            return []
        bound = self._objects.concrete_functions[function].bound_inputs
        position = index - (len(self.functions[function].signature.input_arg) - len(bound))
        if position < 0 or not 0 <= bound[position] < len(self._objects.nodes):
            raise UnknownOriginError
        saved = self._objects.nodes[bound[position]]
        if saved.WhichOneof("kind") != "asset":
            raise UnknownOriginError
        return [Asset(saved.asset.asset_file_def_index)]

    def _index_callers(self, library: Any) -> None:
        for scope, node in self.places():
            called: list[str] = [node.op] if node.op in self.functions else []
            for name, value in node.attr.items():
                if name == "f" and node.op in _CALLS and value.HasField("func"):
                    called.append(value.func.name)
                    self._named.update(*(_names_in(entry) for entry in value.func.attr.values()))
                else:
                    self._named.update(_names_in(value))
            for function in called:
                self._callers[function].append(Place(scope, node))
        for function in library.function:
            for value in function.attr.values():
                self._named.update(_names_in(value))
            if "api_implements" in function.attr:
                # Grappler may call it in the place of another.
                self._named.add(function.signature.name)
        for gradient in library.gradient:
            self._named.update((gradient.function_name, gradient.gradient_func))
        for entry in self._objects.nodes:
            offered = [*entry.function.concrete_functions, entry.bare_concrete_function.concrete_function_name]
            offered.append(entry.captured_tensor.concrete_function)
            self._named.update(name for name in offered if not self.is_object(name))


def text_of(node: Any, attribute: str, default: str = "") -> str | None:
    """Return a text attribute; None if each caller gives it, or it is no text."""
    if attribute not in node.attr:
        return default
    value = node.attr[attribute]
    if value.WhichOneof("value") != "s":
        return None
    return str(value.s.decode("utf-8", "replace"))


def _names_in(value: Any) -> set[str]:
    """Return every name and text in an attribute, each of which may be a function's."""
    texts = [value.s, *value.list.s]
    names = {text.decode("utf-8", "replace") for text in texts}
    for function in (value.func, *value.list.func):
        names.add(function.name)
        for entry in function.attr.values():
            names |= _names_in(entry)
    return names


def _node_of(tensor: str) -> str:
    return tensor.lstrip("^").split(":")[0]
