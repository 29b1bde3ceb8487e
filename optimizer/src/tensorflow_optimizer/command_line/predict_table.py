"""Shows rows and their answers as a table, some at once: a stream of rows has no end that could be waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..processes.plain_text import one_line
from ..report.figures import percent, small

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ..prediction import Differences, Row, RowDifference
    from ..prediction.answered import Top

#: Most values of an output that a cell shows, and most characters of a cell.
_VALUES, _WIDTH = 6, 60


class Table:
    """Lines with columns as wide as the first rows need."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._widths: list[int] | None = None

    def add(self, rows: Sequence[dict[str, str]]) -> None:
        """Show rows with the same columns."""
        if not rows:
            return
        lines = [[one_line(cell, _WIDTH) for cell in row.values()] for row in rows]
        if self._widths is None:
            lines.insert(0, [one_line(name, _WIDTH) for name in rows[0]])
            self._widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
        for line in lines:
            cells = (cell.ljust(width) for cell, width in zip(line, self._widths, strict=True))
            self._write("  ".join(cells).rstrip())


def row_cells(row: Row) -> dict[str, str]:
    """Return the cells of a row and its answer."""
    cells = {"row": str(row.number)}
    if row.file is not None:
        cells["image"] = row.file
    for output, label in row.labels.items():
        cells["label" if len(row.labels) == 1 else f"label {output}"] = value_text(label)
    for output, value in row.outputs.items():
        prefix = "" if len(row.outputs) == 1 else f"{output} "
        top = row.tops.get(output)
        if top is None:
            cells[output] = value_text(value)
        else:
            cells |= {f"{prefix}class": str(top.name), f"{prefix}score": f"{top.score:.4g}"}
    return cells


def difference_cells(difference: RowDifference, ours: Row, theirs: Row) -> dict[str, str]:
    """Return the cells of a row that two models answer differently."""
    cells = {"row": str(difference.row)}
    for output in ours.outputs:
        prefix = "" if len(ours.outputs) == 1 else f"{output} "
        sides = [_decided(row.tops.get(output), row.outputs[output]) for row in (ours, theirs)]
        cells |= {f"{prefix}A": sides[0], f"{prefix}B": sides[1]}
        apart = difference.outputs.get(output)
        cells[f"{prefix}difference"] = (
            "class" if apart is None and output in difference.classes else "" if apart is None else apart_text(apart)
        )
    return cells


def summary_lines(differences: Differences) -> Iterable[str]:
    """Return what is known of all rows."""
    yield (
        f"{differences.differing:,} of {differences.rows:,} rows differ by more than {differences.tolerance:g} of the "
        "row's greatest value, or in the class"
    )
    for name, output in differences.outputs.items():
        largest = (
            "equal in every row"
            if output.row is None
            else (f"largest difference {apart_text(output.largest)}, in row {output.row:,}")
        )
        share = None if output.agreed is None else output.agreed / max(1, differences.rows)
        agreed = "" if share is None else f"; the same class in {percent(share)} of the rows"
        yield f"{one_line(name, _WIDTH)}: {largest}{agreed}"


def apart_text(difference: float) -> str:
    """Return a difference; infinite where one of the values is no finite number."""
    return small(difference) if np.isfinite(difference) else "not comparable"


def value_text(value: Any) -> str:
    """Return a value, or the first ones of several, as one line without anything that moves a cursor."""
    array = np.asarray(value, dtype=object if isinstance(value, bytes) else None)
    flat = array.ravel()
    shown = [_scalar_text(entry) for entry in flat[:_VALUES].tolist()]
    if not array.ndim:
        return shown[0]
    more = f", … ({flat.size} values)" if flat.size > _VALUES else ""
    return f"[{', '.join(shown)}{more}]"


def _decided(top: Top | None, value: Any) -> str:
    return value_text(value) if top is None else f"{top.name} ({top.score:.4g})"


def _scalar_text(value: Any) -> str:
    if isinstance(value, bytes):
        return one_line(value.decode("utf-8", "replace"), _WIDTH)
    return f"{value:.6g}" if isinstance(value, float) else one_line(str(value), _WIDTH)
