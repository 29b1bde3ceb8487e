"""Writes the names of points beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.transforms import IdentityTransform

from ..labels import Box, place_labels
from .drawing import LINE, NAME, short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

_SIZE = 13


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
    width, height = axes.get_figure(root=True).get_size_inches() * 72  # type: ignore[union-attr]
    places = [(float(x), float(height - y)) for x, y in axes.transData.transform(points)]
    texts = [short(name) for name in names]
    chart = Box(plot.x0, height - plot.y1, width - 4, height - plot.y0)
    for (x, y), text, label in zip(places, texts, place_labels(texts, places, radii, order, chart), strict=True):
        if label is None:
            continue
        if label.leader is not None:
            end_x, end_y = label.leader
            axes.plot([x, end_x], [height - y, height - end_y], color=LINE, linewidth=1, transform=pixels, zorder=2)
        at, side = (label.at[0], height - label.at[1]), "left" if label.anchor == "start" else "right"
        axes.text(*at, text, transform=pixels, fontsize=_SIZE, horizontalalignment=side, gid=NAME)
