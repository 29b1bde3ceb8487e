"""Draws the confusion matrices of both models: the darker, the greater the share of the label's samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import ListedColormap

from .drawing import GOOD, INK, LINE, WIDTH, Chart, Words, caption, draw, plot, sentences, short

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from ..classes import ClassTables

    Counts = NDArray[Any]

_LEFT, _BETWEEN, _RIGHT, _TOP, _BOTTOM = 140, 40, 16, 34, 100
_LONGEST_NAME = 12
_LARGEST_CELL = 64.0
#: Opacity of the color for a share of 1, so that numbers can be read on it.
_DARKEST = 0.5
#: Cells of more classes have no room for their numbers.
_NUMBERED = 12


def draw_confusion(tables: ClassTables, name: str) -> Chart | None:
    """Draw both matrices; None where there are none."""
    if not tables.confusion:
        return None
    decisions, labels = tables.decisions, [row.label for row in tables.confusion]
    before, after = tables.matrices
    told = [
        f"Label {label}: " + ", ".join(_told(*pair) for pair in zip(decisions, *rows, strict=True) if any(pair[1:]))
        for label, *rows in zip(labels, before, after, strict=True)
    ]
    cell = min(_LARGEST_CELL, (WIDTH - _LEFT - _BETWEEN - _RIGHT) / 2 / len(decisions))
    svg = draw(
        lambda figure: _paint(figure, tables, cell),
        name,
        Words(
            f"Confusion matrices of the original and of {short(tables.candidate)}",
            f"Up: labels. Across: decisions, first of the original, then of the candidate. {sentences(told)}",
        ),
        (WIDTH, round(_TOP + cell * len(labels) + _BOTTOM)),
    )
    text = caption(
        "A row is a label, a column a decision. The darker a cell, the greater its share of the label’s samples.",
        "Bold: the two models differ." if len(decisions) <= _NUMBERED else "The table has the numbers.",
    )
    return Chart(svg, text)


def _told(decision: str, before: int, after: int) -> str:
    return f"{decision} {before:,}" + ("" if before == after else f" → {after:,}")


def _paint(figure: Figure, tables: ClassTables, cell: float) -> None:
    labels = [short(row.label, _LONGEST_NAME) for row in tables.confusion]
    decisions = [short(name, _LONGEST_NAME) for name in tables.decisions]
    before, after = map(np.array, tables.matrices)
    for place, (counts, heading) in enumerate([(before, "original"), (after, short(tables.candidate))]):
        left = _LEFT + place * (cell * len(decisions) + _BETWEEN)
        right = WIDTH - left - cell * len(decisions)
        axes = plot(figure, (left, right, _TOP, _BOTTOM), "none")
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        axes.pcolormesh(shares, cmap=ListedColormap([GOOD]), alpha=shares * _DARKEST)
        axes.set_xticks(np.arange(len(decisions)) + 0.5, decisions, rotation=45, ha="right", rotation_mode="anchor")
        axes.set_yticks(np.arange(len(labels)) + 0.5, labels if place == 0 else [""] * len(labels))
        axes.set_ylim(len(labels), 0)
        axes.set_xlabel("decision")
        if place == 0:
            axes.set_ylabel("label")
        axes.set_title(heading, loc="left", fontsize=13, pad=10)
        for at in range(len(decisions) + 1):
            axes.axvline(at, color=LINE, linewidth=1)
        for at in range(len(labels) + 1):
            axes.axhline(at, color=LINE, linewidth=1)
        if len(decisions) <= _NUMBERED:
            _number(axes, counts, before != after)


def _number(axes: Any, counts: Counts, differs: Counts) -> None:
    """Write the count into each cell that has one, in bold where the two models differ."""
    for (row, column), count in np.ndenumerate(counts):
        if count or differs[row, column]:
            axes.text(
                column + 0.5,
                row + 0.5,
                f"{count:,}",
                color=INK,
                fontsize=10,
                fontweight="bold" if differs[row, column] else "normal",
                horizontalalignment="center",
                verticalalignment="center",
            )
