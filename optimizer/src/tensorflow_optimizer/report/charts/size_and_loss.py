"""Draws the candidates: size against loss, with the time of a call as the size of the mark."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from matplotlib.transforms import IdentityTransform

from ...documents.outcome import CandidateStatus
from .. import figures
from ..loss import Loss, loss_of, measure_of
from ..view import other_model, speed_of
from .drawing import GOOD, INK, LINE, MARK, PAPER, SOFT, WIDTH, Chart, Words, caption, draw, plot, sentences, short
from .names import name_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ...documents.outcome import Candidate
    from ..content import Report
    from ..loss import Measure

_HEIGHT = 430
_PIXELS = IdentityTransform()
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 16, 44, 56
#: Radius of the mark of the original's time; the area of a mark is the time.
_RADIUS, _LEAST, _GREATEST = 9.0, 3.0, 24.0
_KEY = (0.25, 1.0, 4.0)
#: Most names that can be told apart.
_NAMED = 15
_LOOKS: dict[CandidateStatus | None, dict[str, Any]] = {
    CandidateStatus.CHOSEN: {"color": GOOD, "linewidth": 1.5},
    CandidateStatus.PASSED: {"facecolor": LINE, "edgecolor": INK, "linewidth": 1.5},
    None: {"facecolor": PAPER, "edgecolor": INK, "linewidth": 1.5},
}
_REFUSED: dict[str, Any] = {"facecolor": PAPER, "edgecolor": SOFT, "linewidth": 1.5, "linestyle": (0, (1.5, 1.5))}


@dataclass(frozen=True)
class _Point:
    name: str
    size: int
    loss: Loss
    ratio: float | None
    speed: str
    status: CandidateStatus | None
    """Status of the candidate; None: the original."""

    @property
    def radius(self) -> float:
        if self.ratio is None or not self.ratio > 0:
            return 6.0
        return min(max(_RADIUS * math.sqrt(self.ratio), _LEAST), _GREATEST)


def draw_size_and_loss(report: Report) -> Chart:
    """Draw the candidates whose size and loss are known."""
    measure = measure_of(report.candidates)
    known = [candidate for candidate in report.candidates if candidate.metrics]
    if measure is None:
        why = "no loss of a candidate was measured" if known else "no candidate was measured"
        return Chart(None, f"Size and loss are not drawn: {why}.")
    points = [point for candidate in known if (point := _point(candidate, measure, report))]
    left_out = [candidate.name for candidate in known if candidate.name not in {point.name for point in points}]
    if report.original and report.original.size_bytes > 0:
        points.append(_Point("original", report.original.size_bytes, Loss(0.0, None), None, "", None))
    told = [
        f"{point.name}: {figures.megabytes(point.size)}"
        + (f", {measure.text(point.loss)}, {point.speed}" if point.status else "")
        for point in points
    ]
    front = [point for name in report.front for point in points if point.status and point.name == name]
    described = f"Across: size. Up: {measure.name}, with its 95 % interval. {sentences(told)}"
    if front:
        named = ", ".join(short(point.name) for point in front)
        described += f" No other candidate is both smaller and better than {named}."
    svg = draw(
        lambda figure: _paint(figure, points, front, measure),
        "size-and-loss",
        Words(f"{len(points)} models by size and {measure.name}", described, told),
        (WIDTH, _HEIGHT),
    )
    text = caption(
        "Left is smaller, lower is better.",
        f"The area of a mark is the time of a call, against {other_model(report.job)}.",
        "Filled: chosen." if report.chosen else "",
        "Gray: passed. Dotted: not accepted. A vertical line is the 95 % interval of the loss.",
        "No other candidate is both smaller and better than one on the dashed line." if len(front) > 1 else "",
        f"Not drawn, as its loss is unknown: {', '.join(left_out)}." if left_out else "",
    )
    return Chart(svg, text)


def _point(candidate: Candidate, measure: Measure, report: Report) -> _Point | None:
    metrics, loss = candidate.metrics, loss_of(candidate, measure)
    if metrics is None or loss is None or metrics.size_bytes <= 0:
        return None
    speed = speed_of(metrics, report.job)
    return _Point(candidate.name, metrics.size_bytes, loss, metrics.latency_ratio, speed, candidate.status)


def _paint(figure: Figure, points: list[_Point], front: list[_Point], measure: Measure) -> None:
    axes = plot(figure, (_LEFT, _RIGHT, _TOP, _BOTTOM), "both")
    _scales(axes, points, measure)
    if len(front) > 1:
        axes.step([it.size for it in front], [it.loss.value for it in front], SOFT, where="post", dashes=(5, 4), lw=1.2)
    for number, point in enumerate(points):
        _mark(axes, point, f"{MARK}{number}")
    _name(axes, points, front)
    _key(axes)


def _scales(axes: Axes, points: list[_Point], measure: Measure) -> None:
    """Set both scales: wide enough for marks and intervals, and for three round sizes."""
    axes.set_xscale("log")
    sizes = [point.size for point in points]
    room = max((max(sizes) / min(sizes)) ** 0.12, math.sqrt(3.2 * min(sizes) / max(sizes)), 1.0)
    axes.set_xlim(min(sizes) / room, max(sizes) * room)
    steps = (1.0, 2.0, 5.0) if max(sizes) / min(sizes) < 300 else (1.0,)
    axes.xaxis.set_major_locator(LogLocator(subs=steps, numticks=12))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: figures.megabytes(round(value))))
    axes.set_xlabel("size (logarithmic)", labelpad=8)
    bounds = [bound for point in points for bound in (point.loss.value, *(point.loss.interval or ()))]
    bounds = [bound for bound in bounds if math.isfinite(bound)]
    least = 0.002 if measure.factor == 100 else 1e-6
    margin = max((max(bounds) - min(bounds)) * 0.12, least)
    axes.set_ylim(min(bounds) - margin, max(bounds) + margin)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * measure.factor:.3g}"))
    axes.set_ylabel(measure.name, labelpad=8)
    axes.axhline(0, color=SOFT, linewidth=1)


def _mark(axes: Axes, point: _Point, identity: str) -> None:
    look = _LOOKS.get(point.status, _REFUSED)
    if point.loss.interval is not None and all(map(math.isfinite, point.loss.interval)):
        axes.vlines(
            point.size, *point.loss.interval, color=GOOD if point.status is CandidateStatus.CHOSEN else SOFT, lw=1.2
        )
    kind = "o" if point.status and point.ratio is not None else "D"
    # Matplotlib's size is the square of the diameter.
    area = (2 * point.radius) ** 2
    axes.scatter([point.size], [point.loss.value], s=area, marker=kind, zorder=3, gid=identity, **look)


def _name(axes: Axes, points: list[_Point], front: list[_Point]) -> None:
    """Write names: of many candidates, those of the chosen one, of the original and of the front first."""
    ranks = {CandidateStatus.CHOSEN: 0, None: 1}
    order = sorted(range(len(points)), key=lambda at: ranks.get(points[at].status, 2 if points[at] in front else 3))
    places = [(point.size, point.loss.value) for point in points]
    names, radii = [point.name for point in points], [point.radius + 1 for point in points]
    name_points(axes, places, names, radii, order[:_NAMED])


def _key(axes: Axes) -> None:
    """Draw above the chart what the sizes of the marks mean."""
    x, y = _LEFT + 12.0, _HEIGHT - _TOP / 2
    axes.text(x, y, "time of a call:", transform=_PIXELS, verticalalignment="center", color=SOFT)
    x += 120
    for ratio in _KEY:
        radius = _RADIUS * math.sqrt(ratio)
        axes.scatter([x], [y], s=(2 * radius) ** 2, transform=_PIXELS, facecolor=PAPER, edgecolor=SOFT, clip_on=False)
        label = f"{ratio:g}×"
        axes.text(x + radius + 6, y, label, transform=_PIXELS, verticalalignment="center", color=SOFT)
        x += 2 * radius + 62
    axes.scatter([x], [y], s=144, marker="D", transform=_PIXELS, facecolor=PAPER, edgecolor=SOFT, clip_on=False)
    axes.text(x + 14, y, "not compared", transform=_PIXELS, verticalalignment="center", color=SOFT)
