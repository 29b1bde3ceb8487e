"""Cuts a signature of a flat graph into its text part, a list of steps, and the numbers that LiteRT takes.

The text part is all that leads from an input to an operation that LiteRT lacks. The whole numbers between two such
operations belong to it, and so do inputs without strings.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..documents.text import MOST_ELEMENTS, Constant, Fed, Step, StepInput, TextPart
from .operations import RefusedStepError, attributes_of, is_lacking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .flat_graph import FlatGraph

#: Operations that pass on what they get.
_PASSES_ON = frozenset({"Identity", "IdentityN", "StopGradient", "PreventGradient", "Snapshot", "EnsureShape"})
_FUNCTIONS = ("body", "cond", "then_branch", "else_branch", "f", "branches")
_LOOKUP = "LookupTableFindV2"


class CutError(Exception):
    """The signature has no text part that can be separated; the message names the operations."""


@dataclass
class Cut:
    """The text part of a signature, before its shapes are known."""

    operations: list[Any]
    """The operations of the text part, in an order in which they can run."""
    frontier: list[Any]
    """Tensors that the rest of the signature takes: of the text part, and inputs that it does not take itself."""


def cut(flat: FlatGraph, name: str) -> Cut:
    """Cut a signature.

    Raises:
        CutError: Steps cannot stand for a part of it.
    """
    signature = flat.signatures[name]
    inputs = {flat.tensor(info.name).op for info in signature.inputs.values()}
    outputs = [flat.tensor(info.name) for info in signature.outputs.values()]
    order = _reached(outputs)
    depends = {operation for operation in inputs if operation in set(order)}
    for operation in order:
        if any(tensor.op in depends for tensor in operation.inputs):
            depends.add(operation)
    text: set[Any] = set()
    for operation in reversed(order):
        if operation in depends and (operation in text or _is_lacking(flat, operation)):
            text.add(operation)
            text.update(tensor.op for tensor in operation.inputs if tensor.op in depends)
    text -= inputs
    if strings := [key for key, info in signature.outputs.items() if flat.tensor(info.name).dtype.name == "string"]:
        raise CutError(f"it returns strings ({', '.join(map(repr, strings))})")
    _refuse(flat, (operation for operation in order if operation in text))
    if checks := _checks(flat, order, text):
        raise CutError(
            f"it refuses some texts ({', '.join(checks)}), as StringLookup(num_oov_indices=0) does, and steps compute "
            "all of them; give unknown values an index of their own"
        )
    return Cut([operation for operation in order if operation in text], _frontier(order, text, inputs, outputs))


def _frontier(order: list[Any], text: set[Any], inputs: set[Any], outputs: list[Any]) -> list[Any]:
    inside = text | inputs
    taken = [tensor for operation in order if operation not in inside for tensor in operation.inputs]
    return list({tensor.ref(): tensor for tensor in (*taken, *outputs) if tensor.op in inside}.values())


def _checks(flat: FlatGraph, order: list[Any], text: set[Any]) -> list[str]:
    """Return assertions on what the text part computes: operations wait for them, but take nothing from them."""
    waiting = [before for operation in order for before in operation.control_inputs]
    seen: set[Any] = set(order)
    found: dict[str, None] = {}
    while waiting:
        operation = waiting.pop()
        if operation in seen:
            continue
        seen.add(operation)
        waiting += [*operation.control_inputs, *(tensor.op for tensor in operation.inputs)]
        if "Assert" in {operation.type, *_inner(flat, operation)} and text & set(_reached(operation.inputs)):
            found[operation.type] = None
    return sorted(found)


def _reached(outputs: Iterable[Any]) -> list[Any]:
    """Return the operations that tensors depend on, each after those that it takes from."""
    order: dict[Any, None] = {}
    waiting = [(tensor.op, False) for tensor in outputs]
    seen = set()
    while waiting:
        operation, is_ready = waiting.pop()
        if is_ready:
            order[operation] = None
        elif operation not in seen:
            seen.add(operation)
            waiting.append((operation, True))
            waiting += [(tensor.op, False) for tensor in operation.inputs]
    return list(order)


def _is_lacking(flat: FlatGraph, operation: Any) -> bool:
    if is_lacking(operation.type) or any(tensor.dtype.name == "string" for tensor in _tensors(operation)):
        return True
    return bool(_inner_lacking(flat, operation))


def _tensors(operation: Any) -> list[Any]:
    return [*operation.inputs, *operation.outputs]


def _inner_lacking(flat: FlatGraph, operation: Any) -> list[str]:
    """Return the names of operations on text in the functions that an operation calls."""
    return sorted(name for name in _inner(flat, operation) if is_lacking(name))


def _inner(flat: FlatGraph, operation: Any) -> set[str]:
    library = {function.signature.name: function for function in flat.definition.library.function}
    waiting, seen, found = list(_called(operation.node_def)), set(), set()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in library:
            continue
        seen.add(name)
        for node in library[name].node_def:
            waiting += _called(node)
            found.add(node.op)
    return found


def _called(node: Any) -> list[str]:
    return [
        function.name
        for attribute in node.attr.values()
        for function in (attribute.func, *attribute.list.func)
        if function.name
    ]


def _refuse(flat: FlatGraph, operations: Iterable[Any]) -> None:
    """Refuse operations that are no steps, all at once."""
    problems: dict[str, None] = {}
    for operation in operations:
        if operation.type in _PASSES_ON:
            continue
        try:
            attributes_of(operation)
        except RefusedStepError as error:
            inner = _inner_lacking(flat, operation)
            inside = f" with {', '.join(inner)} inside" if inner else ""
            problems[f"{operation.type}{inside} {error}"] = None
    if problems:
        raise CutError("; ".join(list(problems)[:8]))


@dataclass
class Emitter:
    """Writes the steps of a text part, and numbers its values."""

    flat: FlatGraph
    number_of_table: Callable[[Any], int]
    """Returns the number of a table, by its handle."""
    inputs: list[StepInput] = field(default_factory=list)
    constants: list[Constant] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    _constants: dict[Any, int] = field(default_factory=dict)
    _numbers: dict[Any, int] = field(default_factory=dict)

    def part(self, cut_: Cut, inputs: list[tuple[StepInput, Any]], fed: list[tuple[str, Any]]) -> TextPart:
        """Return the text part.

        Args:
            cut_: The operations.
            inputs: Descriptions and tensors of the inputs.
            fed: Names of the file's inputs, with their tensors.
        """
        self.inputs = [described for described, _ in inputs]
        for number, (_, tensor) in enumerate(inputs):
            self._numbers[tensor.ref()] = number
        depends = {tensor.op for _, tensor in inputs} | set(cut_.operations)
        needed = [operation for operation in cut_.operations if operation.type not in _PASSES_ON]
        for operation in needed:
            for tensor in self._values(operation):
                source = _source(tensor)
                if source.op not in depends and source.ref() not in self._constants:
                    self._add_constant(source)
        for operation in needed:
            self._add_step(operation)
        return TextPart(
            inputs=self.inputs,
            constants=self.constants,
            steps=self.steps,
            fed=[Fed(input=name, value=self._number(tensor)) for name, tensor in fed],
        )

    def _values(self, operation: Any) -> list[Any]:
        """Return what a step takes: all but the handle of a table."""
        return list(operation.inputs[1:] if operation.type == _LOOKUP else operation.inputs)

    def _add_constant(self, tensor: Any) -> None:
        value = np.asarray(self.flat.session.run(tensor))
        kind = tensor.dtype.name
        if value.size > MOST_ELEMENTS:
            raise CutError(f"it takes {value.size:,} numbers of {tensor.op.type} before the text part ends")
        self._constants[tensor.ref()] = len(self.inputs) + len(self.constants)
        self._numbers[tensor.ref()] = self._constants[tensor.ref()]
        self.constants.append(Constant(dtype=kind, shape=list(value.shape), values=_plain_values(value, kind)))

    def _add_step(self, operation: Any) -> None:
        attributes = attributes_of(operation)
        if operation.type == _LOOKUP:
            attributes = {"table": self.number_of_table(operation.inputs[0])}
        first = len(self.inputs) + len(self.constants) + sum(len(step.outputs) for step in self.steps)
        outputs = list(range(first, first + len(operation.outputs)))
        taken = [self._number(tensor) for tensor in self._values(operation)]
        self.steps.append(Step(operation=operation.type, inputs=taken, outputs=outputs, attributes=attributes))
        for tensor, number in zip(operation.outputs, outputs, strict=True):
            self._numbers[tensor.ref()] = number

    def _number(self, tensor: Any) -> int:
        return self._numbers[_source(tensor).ref()]


def _source(tensor: Any) -> Any:
    """Return the tensor that operations pass on."""
    while tensor.op.type in _PASSES_ON:
        tensor = tensor.op.inputs[tensor.value_index]
    return tensor


def _plain_values(value: np.ndarray[Any, Any], kind: str) -> list[Any]:
    flat = value.ravel()
    if kind == "string":
        return [base64.b64encode(entry).decode() for entry in flat]
    if kind.startswith("float"):
        return [_plain_float(float(entry)) for entry in flat]
    return list(flat.tolist())


def _plain_float(number: float) -> float | str:
    if np.isnan(number):
        return "NaN"
    if np.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    return number
