"""Draws figures one below the other, each with its name and the share of them that lies between two percentiles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from tensorflow_optimizer.report.charts.drawing import GOOD, INK, SOFT, WIDTH, Words, draw, plot, sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup
    from matplotlib.figure import Figure

_LEFT, _RIGHT, _TOP, _BOTTOM, _ROW = 285, 150, 12, 54, 30


@dataclass(frozen=True)
class Row:
    """One figure."""

    name: str
    text: str
    """Label at the right end."""
    value: float
    ours: bool
    """Draw it in color."""
    quartiles: tuple[float, float] | None = None
    range: tuple[float, float] | None = None
    """Percentiles 1 and 99."""


def draw_rows(rows: Sequence[Row], name: str, title: str, axis: str) -> Markup:
    """Return a picture on a logarithmic scale.

    Args:
        rows: From top to bottom.
        name: Unlike that of any other picture.
        title: The picture in a few words.
        axis: What is across, with its unit.
    """
    told = [f"{row.name}: {row.text}" for row in rows]
    return draw(
        lambda figure: _paint(figure, rows, axis),
        name,
        Words(title, f"Across: {axis}. {sentences(told, len(told))}"),
        (WIDTH, _TOP + _ROW * len(rows) + _BOTTOM),
    )


def _paint(figure: Figure, rows: Sequence[Row], axis: str) -> None:
    axes = plot(figure, (_LEFT, _RIGHT, _TOP, _BOTTOM), "x")
    shown = [value for row in rows for value in (row.value, *(row.range or ()))]
    axes.set_xscale("log")
    axes.set_xlim(min(shown) / 1.3, max(shown) * 1.3)
    steps = (1.0, 2.0, 5.0) if max(shown) / min(shown) < 60 else (1.0,)
    axes.xaxis.set_major_locator(LogLocator(subs=steps, numticks=12))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.set_xlabel(f"{axis} (logarithmic)", labelpad=8)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), [row.name for row in rows], color=INK)
    for place, row in enumerate(rows):
        color = GOOD if row.ours else SOFT
        if row.range:
            axes.hlines(place, *row.range, color=color, linewidth=1.5)
        if row.quartiles:
            axes.hlines(place, *row.quartiles, color=color, linewidth=7)
        axes.plot([row.value], [place], linestyle="", marker="o", markersize=8, color=color)
        axes.text(1.02, place, row.text, transform=axes.get_yaxis_transform(), verticalalignment="center")
