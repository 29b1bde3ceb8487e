"""Assigns the columns of a table to a signature's inputs and labels, by their names."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .dataset import OTHER_NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..signatures import SignatureSpec
    from .problems import Problems

LABEL = "label"
_LISTED = 8


@dataclass(frozen=True)
class Columns:
    """Numbers of a table's columns, from 0."""

    inputs: dict[str, list[int]]
    """The columns of each input, in the order of its values."""
    labels: dict[str, int]
    """The column with the labels of each output."""


def names_labels(names: Sequence[str]) -> bool:
    """Say whether a table has labels, by the names of its columns."""
    return any(name == LABEL or name.startswith(f"{LABEL}/") for name in names)


def assign_columns(file: str, names: Sequence[str], signature: SignatureSpec, problems: Problems) -> Columns:
    """Return which columns hold what.

    A column that has an input's name holds it, `<input>/0`, `<input>/1` and so on its values in their order, and
    `label` or `label/<output>` the labels. If none is named after the only input, all others are its values, in the
    order of the file.

    Args:
        file: Name of the table.
        names: Names of its columns.
        signature: The signature of the data.
        problems: Receives what does not fit.
    """
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated or "" in names:
        numbers = [str(number) for number, name in enumerate(names, start=1) if not name or name in repeated]
        problems.add(
            f"{file}: the columns {_listed(numbers, '')} have no name, or that of another "
            f"({_listed(repeated)}); give each a name of its own"
        )
        return Columns({}, {})
    where = {name: number for number, name in enumerate(names)}
    inputs = {name: found for name in signature.inputs if (found := _columns_of(name, where))}
    used = {number for found in inputs.values() for number in found}
    labels: dict[str, int] = {}
    for name, number in where.items():
        if number not in used and (name == LABEL or name.startswith(f"{LABEL}/")):
            output = _output(file, name, signature, problems)
            used.add(number)
            if output in labels:
                problems.add(f"{file}: two columns hold the labels of the output {output!r}; keep one of them")
            elif output is not None:
                labels[output] = number
    others = [number for number in range(len(names)) if number not in used]
    if len(signature.inputs) == 1 and not inputs and others:
        return Columns({next(iter(signature.inputs)): others}, labels)
    missing = [name for name in signature.inputs if name not in inputs]
    if missing:
        problems.add(
            f"{file} has the columns {_listed(names)}, and none for the input {_listed(missing)} of "
            f"{signature.name!r}; call a column {missing[0]!r}, or several {missing[0] + '/0'!r}, "
            f"{missing[0] + '/1'!r} and so on"
        )
    if others:
        surplus = [names[number] for number in others]
        label = next((name for name in surplus if name.lower() in (*OTHER_NAMES, "labels")), None)
        problems.add(
            f"{file}: the columns {_listed(surplus)} are neither inputs of {signature.name!r} "
            f"({_listed(list(signature.inputs))}) nor labels; "
            + (f"if {label!r} holds the labels, call it {LABEL!r}" if label else "leave them out")
        )
    return Columns(inputs, labels)


def in_items(values: NDArray[Any], shape: Sequence[int | None] | None, *, batched: bool | None) -> NDArray[Any]:
    """Give the values of each row the shape of a sample, if they are as many.

    Args:
        values: An array of rows and values.
        shape: The input's complete shape, as far as it is known.
        batched: Whether dimension 0 of the input is the batch; None if unknown.
    """
    rows, count = values.shape
    if shape is None:
        return values[:, 0] if count == 1 else values
    whole, row = list(shape), list(shape[1:])
    may_be_row = bool(shape) and (batched is True or shape[0] in (None, -1, 1))
    forms = ([row] if may_be_row else []) + ([whole] if batched is not True else [])
    for form in forms:
        known = math.prod(size for size in form if size is not None)
        unknown = form.count(None)
        if unknown > 1 or not known or count % known or (not unknown and count != known):
            continue
        return values.reshape([rows, *(count // known if size is None else size for size in form)])
    return values


def _columns_of(name: str, where: dict[str, int]) -> list[int]:
    if name in where:
        return [where[name]]
    found: list[int] = []
    while (column := where.get(f"{name}/{len(found)}")) is not None:
        found.append(column)
    return found


def _output(file: str, column: str, signature: SignatureSpec, problems: Problems) -> str | None:
    outputs = list(signature.outputs)
    named = column.removeprefix(LABEL).removeprefix("/")
    if not named and len(outputs) == 1:
        return outputs[0]
    if named in outputs:
        return named
    columns = ", ".join(f"{LABEL}/{name}" for name in outputs)
    problems.add(f"{file} has the column {column!r}, and the labels of the model's outputs are called {columns}")
    return None


def _listed(names: Sequence[str], quote: str = "'") -> str:
    shown = ", ".join(f"{quote}{name[:60]}{quote}" for name in names[:_LISTED]) or "none"
    return shown if len(names) <= _LISTED else f"{shown} and {len(names) - _LISTED} more"
