"""Draws figures with their intervals, a row for each name: times of candidates, losses of classes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from .. import figures
from ..view import other_model
from .drawing import INK, MOST_NAMED, PAPER, SOFT, WIDTH, Chart, Words, caption, draw, plot, sentences, short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..classes import ClassTables
    from ..content import Report

_LEFT, _RIGHT, _TOP, _BOTTOM, _ROW = 236, 140, 12, 54, 32
#: Distance of the two figures of a row from its middle, in rows.
_APART = 0.17


@dataclass(frozen=True)
class _Figure:
    value: float
    interval: tuple[float, float] | None

    @property
    def is_drawable(self) -> bool:
        return math.isfinite(self.value) and all(map(math.isfinite, self.interval or ()))


@dataclass(frozen=True)
class _Row:
    name: str
    text: str
    """Text at the right end of the row."""
    first: _Figure
    second: _Figure | None = None


def draw_times(report: Report) -> Chart:
    """Draw how long a call of each candidate takes, as a share of the other model's time, on a logarithmic scale."""
    measured = [candidate for candidate in report.candidates if candidate.metrics]
    rows = []
    for candidate in measured:
        metrics = candidate.metrics
        if metrics is None or metrics.latency_ratio is None:
            continue
        first = _Figure(metrics.latency_ratio, metrics.latency_ratio_interval)
        two = metrics.two_threads_latency_ratio
        second = None if two is None else _Figure(two, metrics.two_threads_latency_ratio_interval)
        if first.value > 0 and first.is_drawable:
            is_shown = second is not None and second.value > 0 and second.is_drawable
            text = figures.speed(first.value, first.interval)
            rows.append(_Row(candidate.name, text, first, second if is_shown else None))
    if not rows:
        why = "the time of no candidate was compared" if measured else "no candidate was measured"
        return Chart(None, f"Times are not drawn: {why}.")
    other, rest = other_model(report.job), len(measured) - len(rows)
    text = caption(
        "Left is faster. A dot is the time on one thread, a square that on two, where both models compute on two.",
        "A line is the 95 % interval: where it crosses 1, there is no difference.",
        f"Not drawn are {rest} whose time was not compared." if rest else "",
        _cut(rows),
    )
    title = f"Time of a call of each candidate, against {other}"
    axis = f"time of a call, {other} being 1 (logarithmic)"
    return Chart(_drawn(rows, name="times", title=title, axis=axis, logarithmic=True), text)


def draw_class_losses(tables: ClassTables, name: str) -> Chart:
    """Draw what was lost of the recall of each class, the greatest losses first."""
    rows = [
        _Row(
            label,
            figures.points(loss.value),
            _Figure(loss.value * 100, (loss.interval[0] * 100, loss.interval[1] * 100)),
        )
        for label, loss in tables.recalls
    ]
    known = sorted((row for row in rows if row.first.is_drawable), key=lambda row: -row.first.value)
    if not known:
        return Chart(None, "The loss of each class is not drawn: it is measured of at most 20 classes with numbers.")
    text = caption(
        f"Right is worse. A dot is what {tables.candidate} lost of the recall of a class.",
        "A line is its 95 % interval: where it crosses 0, it may be chance.",
        _cut(known),
    )
    title = f"What {short(tables.candidate)} lost of the recall of each class"
    return Chart(_drawn(known, name=name, title=title, axis="loss of recall, points", logarithmic=False), text)


def _cut(rows: Sequence[_Row]) -> str:
    return f"{MOST_NAMED} of {len(rows)} are drawn; the table has all." if len(rows) > MOST_NAMED else ""


def _drawn(rows: Sequence[_Row], *, name: str, title: str, axis: str, logarithmic: bool) -> Markup:
    shown = rows[:MOST_NAMED]
    return draw(
        lambda figure: _paint(figure, shown, axis, logarithmic),
        name,
        Words(title, f"Across: {axis}, with its 95 % interval. {sentences(map(_told, rows))}"),
        (WIDTH, _TOP + _ROW * len(shown) + _BOTTOM),
    )


def _told(row: _Row) -> str:
    on_two = row.second and figures.speed(row.second.value, row.second.interval)
    return f"{row.name}: {row.text}" + (f", on two threads {on_two}" if on_two else "")


def _paint(figure: Figure, rows: Sequence[_Row], axis: str, logarithmic: bool) -> None:
    axes = plot(figure, (_LEFT, _RIGHT, _TOP, _BOTTOM), "x")
    none = 1.0 if logarithmic else 0.0
    _scale(axes, [figure for row in rows for figure in (row.first, row.second) if figure], none, logarithmic)
    axes.set_xlabel(axis, labelpad=8)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), [short(row.name) for row in rows], color=INK)
    axes.axvline(none, color=SOFT, linewidth=1.5)
    for place, row in enumerate(rows):
        _mark(axes, row.first, place - (_APART if row.second else 0), "o", INK)
        if row.second:
            _mark(axes, row.second, place + _APART, "s", PAPER)
        axes.text(1.02, place, row.text, transform=axes.get_yaxis_transform(), verticalalignment="center")


def _scale(axes: Axes, shown: Sequence[_Figure], none: float, logarithmic: bool) -> None:
    bounds = [none, *(bound for figure in shown for bound in (figure.value, *(figure.interval or ())))]
    if not logarithmic:
        margin = max((max(bounds) - min(bounds)) * 0.06, 0.05)
        axes.set_xlim(min(bounds) - margin, max(bounds) + margin)
        axes.xaxis.set_major_locator(MaxNLocator(7))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+.3g}" if value else "0"))
        return
    # An interval that noise made reach below 0 ends at the edge.
    least = min(figure.value for figure in shown) / 2
    low, high = min(max(bound, least) for bound in bounds), max(bounds)
    axes.set_xscale("log")
    axes.set_xlim(min(low / 1.15, 0.75), max(high * 1.15, 1.35))
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high / low < 100 else (1.0,), numticks=12))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}×"))


def _mark(axes: Axes, figure: _Figure, place: float, kind: str, fill: str) -> None:
    if figure.interval is not None:
        low, high = figure.interval
        start = max(low, axes.get_xlim()[0])
        axes.hlines(place, start, high, color=INK, linewidth=1.5)
        axes.plot([start, high], [place, place], linestyle="", marker="|", markersize=9, color=INK)
    axes.plot([figure.value], [place], linestyle="", marker=kind, markersize=8, color=INK, markerfacecolor=fill)
