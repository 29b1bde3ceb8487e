"""Draws the error by layer, in the order of computation, and names the greatest jumps."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from matplotlib.ticker import FuncFormatter, MaxNLocator

from .. import figures
from .drawing import INK, PAPER, SOFT, WIDTH, Chart, Words, caption, draw, plot, sentences, short
from .names import name_points

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...documents.outcome import Candidate, LayerError

    Layers = list[tuple[int, LayerError]]

_HEIGHT = 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 16, 28, 54
_RADIUS = 4.0
_LONGEST_NAME = 22
_NAMED = 3
#: A lesser rise, as a share of the greatest error, is no jump.
_JUMP = 0.1
_FLOAT = "float32"


def draw_layers(candidate: Candidate | None) -> Chart | None:
    """Draw the errors of a candidate's layers; None where there are none."""
    if candidate is None or not any(layer.error for layer in candidate.layers):
        return None
    layers = list(enumerate(candidate.layers, 1))
    known = [(number, layer) for number, layer in layers if math.isfinite(layer.error)]
    if not any(layer.error for _, layer in known):
        return Chart(None, "Errors are not drawn: none is a finite number above 0.")
    jumps = _jumps(known)
    named = ", ".join(f"{layer.layer} to {figures.small(layer.error)}" for _, layer in jumps)
    described = f"Across: {len(layers)} layers in the order of computation. Up: relative error. " + (
        f"The greatest jumps: {named}. " if jumps else ""
    )
    told = [f"{number}, {layer.layer}, {layer.weights}: {figures.small(layer.error)}" for number, layer in known]
    svg = draw(
        lambda figure: _paint(figure, known, jumps),
        "layers",
        Words(f"Error of {len(known)} layers of {short(candidate.name)}", described + sentences(told)),
        (WIDTH, _HEIGHT),
    )
    rest = len(layers) - len(known)
    text = caption(
        "A jump is a layer to leave in float. Filled: quantized weights. Hollow: weights in float.",
        f"Not drawn are {rest} whose error is no finite number." if rest else "",
    )
    return Chart(svg, text)


def _jumps(layers: Layers) -> Layers:
    """Return the layers whose error is the most above that of the layer before."""
    before = [0.0, *(layer.error for _, layer in layers)]
    rises = sorted(zip(layers, before, strict=False), key=lambda pair: pair[1] - pair[0][1].error)
    least = _JUMP * max(before)
    return [entry for entry, earlier in rises[:_NAMED] if entry[1].error - earlier >= least]


def _paint(figure: Figure, layers: Layers, jumps: Layers) -> None:
    axes = plot(figure, (_LEFT, _RIGHT, _TOP, _BOTTOM), "both")
    numbers, errors = [number for number, _ in layers], [layer.error for _, layer in layers]
    axes.set_xlim(0.3, max(numbers) + 0.7)
    axes.set_ylim(0, max(errors) * 1.25)
    axes.xaxis.set_major_locator(MaxNLocator(12, integer=True, min_n_ticks=1))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: figures.small(round(value, 12))))
    axes.set_xlabel("layer, in the order of computation", labelpad=8)
    axes.set_ylabel("relative error", labelpad=8)
    axes.plot(numbers, errors, color=SOFT, linewidth=1.2)
    for fill, is_float in ((INK, False), (PAPER, True)):
        chosen = [(number, layer.error) for number, layer in layers if (layer.weights == _FLOAT) is is_float]
        if chosen:
            axes.plot(*zip(*chosen, strict=True), "o", color=INK, markerfacecolor=fill, markersize=2 * _RADIUS)
    points = [(number, layer.error) for number, layer in layers]
    names = [f"{number} {short(layer.layer, _LONGEST_NAME)}" for number, layer in layers]
    name_points(axes, points, names, [_RADIUS + 1] * len(points), [layers.index(jump) for jump in jumps])
