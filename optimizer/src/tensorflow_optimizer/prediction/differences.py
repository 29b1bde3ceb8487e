"""Compares two models' answers row by row, in memory that does not grow with the rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BadInputError
from .answered import classes_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from ..runners.runner import Arrays
    from .answered import Row

#: Least tolerance, for rows whose numbers are all zero or nearly so.
_LEAST_ALLOWED = 1e-9


@dataclass(frozen=True)
class RowDifference:
    """A row that the second model answers otherwise."""

    row: int
    """From 1."""
    outputs: dict[str, float]
    """Largest difference of each output that differs; infinity where not all are numbers."""
    classes: list[str]
    """Outputs whose greatest score is that of another class."""


@dataclass
class OutputDifference:
    """Differences of an output over all rows."""

    largest: float = 0.0
    """Largest difference of two numbers."""
    row: int | None = None
    """Row that has it; None where nothing differs at all."""
    agreed: int | None = None
    """Rows that score the same class highest; None for an output without classes."""


@dataclass
class Differences:
    """Differences of the rows so far."""

    tolerance: float
    """Largest difference of two numbers that is none, relative to the greatest of the row's output."""
    rows: int = 0
    differing: int = 0
    outputs: dict[str, OutputDifference] = field(default_factory=dict)

    def add(self, ours: Arrays, theirs: Arrays, scored: Iterable[str]) -> list[RowDifference]:
        """Compare the answers to more rows, and return those that differ.

        Args:
            ours: Outputs of the first model, dimension 0 being the row.
            theirs: Those of the second one, under the same names.
            scored: The outputs that score classes.

        Raises:
            BadInputError: They answer in other forms.
        """
        count = len(next(iter(ours.values())))
        exceeded: dict[str, NDArray[Any]] = {}
        differences: dict[str, NDArray[Any]] = {}
        other_class: dict[str, NDArray[Any]] = {}
        for name, value in ours.items():
            check_form(name, value, theirs[name])
            summary = self.outputs.setdefault(name, OutputDifference())
            differences[name], exceeded[name] = _compared(value, theirs[name], self.tolerance)
            place = int(differences[name].argmax())
            if differences[name][place] > summary.largest:
                summary.largest, summary.row = float(differences[name][place]), self.rows + place + 1
            if name in scored:
                other_class[name] = value.argmax(axis=-1) != theirs[name].argmax(axis=-1)
                summary.agreed = (summary.agreed or 0) + count - int(other_class[name].sum())
        differs = np.any([*exceeded.values(), *other_class.values()], axis=0)
        found = [
            RowDifference(
                self.rows + place + 1,
                {name: float(differences[name][place]) for name, over in exceeded.items() if over[place]},
                [name for name, other in other_class.items() if other[place]],
            )
            for place in np.flatnonzero(differs).tolist()
        ]
        self.rows += count
        self.differing += len(found)
        return found


def difference_document(difference: RowDifference, ours: Row, theirs: Row) -> dict[str, Any]:
    """Return a row that differs as a document, with both answers."""
    answers = {side: {"outputs": row.outputs} | classes_of(row) for side, row in (("a", ours), ("b", theirs))}
    return {"row": difference.row, "differences": difference.outputs, "otherClass": difference.classes, **answers}


def summary_document(differences: Differences) -> dict[str, Any]:
    """Return what is known of all rows as a document."""
    outputs = {
        name: {
            "largestDifference": output.largest,
            "row": output.row,
            "classAgreement": None if output.agreed is None else output.agreed / max(1, differences.rows),
        }
        for name, output in differences.outputs.items()
    }
    return {
        "summary": {
            "rows": differences.rows,
            "differing": differences.differing,
            "tolerance": differences.tolerance,
            "outputs": outputs,
        }
    }


def _compared(ours: NDArray[Any], theirs: NDArray[Any], tolerance: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the largest difference of each row, and whether it exceeds the tolerance."""
    rows = len(ours)
    left, right = ours.reshape(rows, -1), theirs.reshape(rows, -1)
    if not left.shape[1]:
        return np.zeros(rows), np.zeros(rows, dtype=bool)
    if left.dtype == object:
        other = (left != right).any(axis=1)
        return np.where(other, np.inf, 0.0), other
    left, right = left.astype(np.float64), right.astype(np.float64)
    same = (left == right) | (np.isnan(left) & np.isnan(right))
    with np.errstate(invalid="ignore"):
        apart = np.abs(left - right)
    largest = np.where(same, 0.0, np.where(np.isnan(apart), np.inf, apart)).max(axis=1)
    scale = np.where(np.isfinite(left), np.abs(left), 0.0).max(axis=1)
    return largest, largest > np.maximum(tolerance * scale, _LEAST_ALLOWED)


def check_form(name: str, ours: NDArray[Any], theirs: NDArray[Any]) -> None:
    """Refuse the answers of two models, A and B, that cannot be compared.

    Raises:
        BadInputError: They differ in shape, or one of them is text.
    """
    if ours.shape != theirs.shape or (ours.dtype == object) != (theirs.dtype == object):
        forms = [
            f"{'text' if entry.dtype == object else entry.dtype} of the shape {list(entry.shape[1:])}"
            for entry in (ours, theirs)
        ]
        raise BadInputError(
            f"at the output {name!r} A answers {forms[0]} to a sample, and B {forms[1]}, so that they cannot be "
            "compared; give two models that answer alike"
        )
