"""Writes the names of points beside them: no name covers another one or a mark, or leaves the chart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from matplotlib.transforms import Bbox, IdentityTransform

from .drawing import LINE, NAME, short

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.axes import Axes

_SIZE = 13
#: Width of a character of this size in pixels, for the widest of the page's fonts.
_CHARACTER_WIDTH = 7.6
_HEIGHT = 16.0
_GAP = 9.0
#: Distance from the baseline of a text to the middle of its line.
_BASELINE = 4.0


class _Place(NamedTuple):
    box: Bbox
    start: float
    side: Literal["left", "right"]
    """`left`: the text begins at `start`; `right`: it ends there."""
    is_beside: bool
    """False: a line leads from the point to the name."""


def name_points(
    axes: Axes,
    points: Sequence[tuple[float, float]],
    names: Sequence[str],
    radii: Sequence[float],
    order: Sequence[int],
) -> None:
    """Write the names that have room.

    Args:
        axes: A plot whose scales are set.
        points: The middle of each mark.
        names: A name for each.
        radii: How far each mark goes, in pixels.
        order: The points to name, the most important one first.
    """
    pixels, plot = IdentityTransform(), axes.get_window_extent()
    area = Bbox.from_extents(plot.x0, plot.y0, axes.figure.bbox.x1 - 4, plot.y1)
    places = [(float(x), float(y)) for x, y in axes.transData.transform(points)]
    taken = [Bbox.from_extents(x - r, y - r, x + r, y + r) for (x, y), r in zip(places, radii, strict=True)]
    for index in order:
        (x, y), text = places[index], short(names[index])
        rooms = _places(len(text) * _CHARACTER_WIDTH, (x, y), radii[index] + _GAP, area)
        room = next((it for it in rooms if _holds(area, it.box) and not it.box.count_overlaps(taken)), None)
        if room is None:
            continue
        taken.append(room.box)
        middle = (room.box.y0 + room.box.y1) / 2
        if not room.is_beside:
            axes.plot([x, room.start], [y, middle], color=LINE, linewidth=1, transform=pixels, zorder=2)
        at = room.start, middle - _BASELINE
        axes.text(*at, text, transform=pixels, fontsize=_SIZE, horizontalalignment=room.side, gid=NAME)


def _holds(outer: Bbox, inner: Bbox) -> bool:
    return bool(np.all(outer.min <= inner.min) and np.all(inner.max <= outer.max))


def _places(width: float, point: tuple[float, float], gap: float, area: Bbox) -> Iterator[_Place]:
    """Yield the places beside a point, the nearest first."""
    x, y = point
    for row in range(int(area.height / _HEIGHT) + 1):
        for middle in (y - row * _HEIGHT, y + row * _HEIGHT) if row else (y,):
            bottom, top = middle - _HEIGHT / 2, middle + _HEIGHT / 2
            yield _Place(Bbox.from_extents(x + gap, bottom, x + gap + width, top), x + gap, "left", row == 0)
            yield _Place(Bbox.from_extents(x - gap - width, bottom, x - gap, top), x - gap, "right", row == 0)
