"""Finds room for the names of points in a chart: no name covers another one or a point, or leaves the chart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Of a character at 13 px, for the widest of the page's fonts.
CHARACTER_WIDTH = 7.6
_HEIGHT = 16.0
_GAP = 9.0
#: From the baseline of a text to the middle of its line.
_BASELINE = 4.0


@dataclass(frozen=True)
class Box:
    """A rectangle; `top` is the smaller coordinate."""

    left: float
    top: float
    right: float
    bottom: float

    def covers(self, other: Box) -> bool:
        """Say whether two rectangles have an area in common."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def holds(self, other: Box) -> bool:
        """Say whether another rectangle is within this one."""
        return (
            self.left <= other.left
            and other.right <= self.right
            and self.top <= other.top
            and other.bottom <= self.bottom
        )


@dataclass(frozen=True)
class Label:
    """Where a name is drawn."""

    at: tuple[float, float]
    anchor: str
    """`start`: the text begins at `at`; `end`: it ends there."""
    box: Box
    leader: tuple[float, float] | None
    """End of a line from the point to a name that is not beside it."""


def place_labels(
    names: Sequence[str],
    points: Sequence[tuple[float, float]],
    radii: Sequence[float],
    order: Sequence[int],
    chart: Box,
) -> list[Label | None]:
    """Return the place of each name, or None where there is no room for it.

    Args:
        names: The texts.
        points: The middle of each point.
        radii: How far its mark goes.
        order: Indices of the names, the most important one first.
        chart: Holds all names.
    """
    taken = [Box(x - r, y - r, x + r, y + r) for (x, y), r in zip(points, radii, strict=True)]
    found: list[Label | None] = [None] * len(names)
    for index in order:
        for label in _places(names[index], points[index], radii[index] + _GAP, chart):
            if chart.holds(label.box) and not any(label.box.covers(box) for box in taken):
                found[index] = label
                taken.append(label.box)
                break
    return found


def _places(name: str, point: tuple[float, float], gap: float, chart: Box) -> Iterator[Label]:
    """Yield the places beside a point, the nearest first."""
    x, y = point
    width = len(name) * CHARACTER_WIDTH
    rows = int((chart.bottom - chart.top) / _HEIGHT) + 1
    for row in range(rows):
        for offset in (row * _HEIGHT, -row * _HEIGHT) if row else (0.0,):
            middle = y + offset
            for anchor, start in (("start", x + gap), ("end", x - gap)):
                left = start if anchor == "start" else start - width
                box = Box(left, middle - _HEIGHT / 2, left + width, middle + _HEIGHT / 2)
                leader = (start, middle) if row else None
                yield Label((start, middle + _BASELINE), anchor, box, leader)
