"""Draws the candidates: size against quality, with the latency as color."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from ..documents.outcome import CandidateStatus
from .figures import megabytes, percent, r_squared, small
from .labels import Box, place_labels
from .quality import Quality, quality_of, value_of
from .view import speed_of

if TYPE_CHECKING:
    from ..documents.outcome import Metrics
    from .content import Report
    from .labels import Label

_WIDTH, _HEIGHT = 720, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 78, 24, 24, 52
_PLOT = Box(_LEFT, _TOP, _WIDTH - 4, _HEIGHT - _BOTTOM)
_LONGEST_NAME = 28
#: Latency ratio 1/4, 1 and 4: teal, grey, orange. All three stand out on white and on black.
_FAST, _EQUAL, _SLOW = (0x0E, 0x94, 0x88), (0x8A, 0x93, 0xA3), (0xE0, 0x6C, 0x2F)
_AXES = {
    Quality.ACCURACY: "accuracy",
    Quality.R_SQUARED: "R²",
    Quality.AGREEMENT: "agreement with the original",
    Quality.RELATIVE_ERROR: "relative error (less is up)",
}


@dataclass(frozen=True)
class _Point:
    name: str
    size: int
    quality: float
    ratio: float | None
    speed: str
    status: CandidateStatus | None
    """None: the original."""


@dataclass(frozen=True)
class _Scale:
    """Maps a value to a coordinate; logarithmic scales map its logarithm."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool

    def __call__(self, value: float) -> float:
        number = math.log10(value) if self.logarithmic else value
        return self.start + (number - self.low) / (self.high - self.low) * (self.end - self.start)


def draw(report: Report) -> str | None:
    """Return an SVG element, or None if fewer than two models were measured."""
    measured: list[tuple[str, Metrics, CandidateStatus | None]] = [
        (candidate.name, candidate.metrics, candidate.status) for candidate in report.candidates if candidate.metrics
    ]
    quality = quality_of(metrics for _, metrics, _ in measured)
    if quality is None:
        return None
    if report.original and value_of(report.original, quality) is not None:
        measured.append(("original", report.original, None))
    points = [
        _Point(name, metrics.size_bytes, value, metrics.latency_ratio, speed_of(metrics, report.job), status)
        for name, metrics, status in measured
        if (value := value_of(metrics, quality)) is not None and math.isfinite(value) and metrics.size_bytes > 0
    ]
    return _draw(points, quality, report) if len(points) > 1 else None


def _draw(points: list[_Point], quality: Quality, report: Report) -> str:
    text = f"{len(points)} models by size and {_AXES[quality]}"
    svg = ET.Element(
        "svg",
        {"viewBox": f"0 0 {_WIDTH} {_HEIGHT}", "role": "img", "aria-label": text, "class": "picture"},
    )
    across = _scale([point.size for point in points], _LEFT, _WIDTH - _RIGHT, logarithmic=True, margin=0.12)
    if quality is Quality.RELATIVE_ERROR:
        floor = min((point.quality for point in points if point.quality > 0), default=1e-6) / 3
        points = [point if point.quality > 0 else _Point(**{**vars(point), "quality": floor}) for point in points]
        up = _scale([p.quality for p in points], _TOP, _HEIGHT - _BOTTOM, logarithmic=True, margin=0.12)
    else:
        up = _scale([p.quality for p in points], _HEIGHT - _BOTTOM, _TOP, logarithmic=False, margin=0.15)
    _axes(svg, across, up, quality)
    front = [point for name in report.front for point in points if point.name == name and point.status]
    if len(front) > 1:
        path = " ".join(f"{across(p.size):.1f},{up(p.quality):.1f}" for p in front)
        ET.SubElement(svg, "polyline", {"points": path, "class": "front"})
    places = [(across(point.size), up(point.quality)) for point in points]
    named = place_labels([_short(point.name) for point in points], places, _first_named(points), _PLOT)
    for point, place, label in zip(points, places, named, strict=True):
        _mark(svg, point, place, quality, label)
    return ET.tostring(svg, encoding="unicode")


def _scale(values: list[float] | list[int], start: float, end: float, *, logarithmic: bool, margin: float) -> _Scale:
    numbers = [math.log10(value) if logarithmic else value for value in values]
    low, high = min(numbers), max(numbers)
    least = 0.2 if logarithmic else 0.01
    room = max((high - low) * margin, (least - (high - low)) / 2, 1e-9)
    return _Scale(low - room, high + room, start, end, logarithmic)


def _axes(svg: ET.Element, across: _Scale, up: _Scale, quality: Quality) -> None:
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    for size in _ticks(across):
        x = across(size)
        _line(svg, (x, _TOP), (x, bottom))
        _text(svg, (x, bottom + 18), megabytes(round(size)), "tick", "middle")
    for value in _ticks(up):
        y = up(value)
        _line(svg, (_LEFT, y), (right, y))
        _text(svg, (_LEFT - 8, y + 4), _shown(value, quality), "tick", "end")
    _text(svg, ((_LEFT + right) / 2, _HEIGHT - 12), "size (logarithmic)", "axis", "middle")
    label = _text(svg, (14, (_TOP + bottom) / 2), _AXES[quality], "axis", "middle")
    label.set("transform", f"rotate(-90 14 {(_TOP + bottom) / 2:.1f})")


def _ticks(scale: _Scale) -> list[float]:
    """Return round values inside a scale, about five of them."""
    if scale.logarithmic:
        decades = range(math.floor(scale.low), math.ceil(scale.high) + 1)
        for steps in ((1, 10), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9)):
            values = [step * 10.0**decade for decade in decades for step in steps if step < 10]
            inside = [value for value in values if scale.low <= math.log10(value) <= scale.high]
            if len(inside) >= 3:
                return inside
        return inside
    rough = (scale.high - scale.low) / 5
    decade = 10.0 ** math.floor(math.log10(rough))
    step = next(size * decade for size in (1, 2, 5, 10) if size * decade >= rough)
    first = math.ceil(scale.low / step)
    values = [index * step for index in range(first, math.floor(scale.high / step) + 1)]
    return [value for value in values if value <= 1 + 1e-9]  # A scale goes beyond what can be.


def _first_named(points: list[_Point]) -> list[int]:
    """Return the points in the order in which they get room for a name: the chosen one, the original, the others."""
    ranks = {CandidateStatus.CHOSEN: 0, None: 1, CandidateStatus.PASSED: 2}
    return sorted(range(len(points)), key=lambda index: ranks.get(points[index].status, 3))


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


def _mark(svg: ET.Element, point: _Point, at: tuple[float, float], quality: Quality, label: Label | None) -> None:
    x, y = at
    group = ET.SubElement(svg, "g", {"class": f"point {point.status or 'original'}"})
    title = ET.SubElement(group, "title")
    measured = f"{_AXES[quality]} {_shown(point.quality, quality)}"
    title.text = f"{point.name}: {megabytes(point.size)}, {measured}, {point.speed}"
    if point.status is CandidateStatus.CHOSEN:
        ET.SubElement(group, "circle", {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": "13", "class": "ring"})
    attributes = {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": "8", "class": "dot"}
    if point.status is None or point.ratio is None:
        attributes["class"] = "dot hollow"
    else:
        attributes["fill"] = latency_color(point.ratio)
    ET.SubElement(group, "circle", attributes)
    if label is None:
        return
    if label.leader is not None:
        _line(group, (x, y), label.leader)
    _text(group, label.at, _short(point.name), "name", label.anchor)


def _shown(value: float, quality: Quality) -> str:
    if quality is Quality.RELATIVE_ERROR:
        return small(value)
    return r_squared(value) if quality is Quality.R_SQUARED else percent(value)


def latency_color(ratio: float) -> str:
    """Return the color of a latency ratio: teal is faster than the original, grey as fast, orange slower."""
    share = max(-1.0, min(1.0, math.log(ratio, 4))) if ratio > 0 else 0.0
    other = _SLOW if share > 0 else _FAST
    mixed = (round(a + (b - a) * abs(share)) for a, b in zip(_EQUAL, other, strict=True))
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def _line(parent: ET.Element, start: tuple[float, float], end: tuple[float, float]) -> None:
    (x1, y1), (x2, y2) = start, end
    ends = {"x1": f"{x1:.1f}", "y1": f"{y1:.1f}", "x2": f"{x2:.1f}", "y2": f"{y2:.1f}"}
    ET.SubElement(parent, "line", {**ends, "class": "grid"})


def _text(parent: ET.Element, at: tuple[float, float], text: str, kind: str, anchor: str) -> ET.Element:
    place = {"x": f"{at[0]:.1f}", "y": f"{at[1]:.1f}"}
    element = ET.SubElement(parent, "text", {**place, "class": kind, "text-anchor": anchor})
    element.text = text
    return element
