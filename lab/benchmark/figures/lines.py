"""Draws lines of figures over a scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from tensorflow_optimizer.report.charts.drawing import GOOD, INK, SOFT, WIDTH, Words, draw, plot, sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup
    from matplotlib.figure import Figure

_HEIGHT = 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 110, 16, 56
#: Color, marker and stroke of each line: they differ without color, too.
_LOOKS = ((GOOD, "o", "-"), (INK, "s", "--"), (SOFT, "D", ":"))


@dataclass(frozen=True)
class Line:
    """A line with its name at the right end."""

    name: str
    points: Sequence[tuple[float, float]]


def draw_lines(lines: Sequence[Line], name: str, title: str, across: str, up: str) -> Markup:
    """Return a picture of at most three lines, on logarithmic scales.

    Args:
        lines: Each with its points from left to right.
        name: Unlike that of any other picture.
        title: The picture in a few words.
        across: What is across, with its unit.
        up: What is up, with its unit.
    """
    told = [f"{line.name}: {', '.join(f'{y:,.3g} at {x:,g}' for x, y in line.points)}" for line in lines]
    return draw(
        lambda figure: _paint(figure, lines, across, up),
        name,
        Words(title, f"Across: {across}. Up: {up}. {sentences(told)}"),
        (WIDTH, _HEIGHT),
    )


def _paint(figure: Figure, lines: Sequence[Line], across: str, up: str) -> None:
    axes = plot(figure, (_LEFT, _RIGHT, _TOP, _BOTTOM), "both")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(f"{across} (logarithmic)", labelpad=8)
    axes.set_ylabel(f"{up} (logarithmic)", labelpad=8)
    heights = [y for line in lines for _, y in line.points]
    steps = (1.0, 2.0, 5.0) if max(heights) / min(heights) < 60 else (1.0,)
    axes.set_xticks([x for x, _ in lines[0].points])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_locator(LogLocator(subs=steps, numticks=12))
    axes.yaxis.set_minor_locator(NullLocator())
    for scale in (axes.xaxis, axes.yaxis):
        scale.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    for line, (color, marker, dash) in zip(lines, _LOOKS, strict=False):
        xs, ys = zip(*line.points, strict=True)
        axes.plot(xs, ys, color=color, marker=marker, linestyle=dash, linewidth=1.8, markersize=7)
        axes.annotate(
            line.name,
            (xs[-1], ys[-1]),
            xytext=(12, 0),
            textcoords="offset points",
            verticalalignment="center",
            color=color,
        )
