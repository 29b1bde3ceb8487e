"""Draws how much each feature differs, and both of its distributions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator, PercentFormatter

from ..report.charts.drawing import (
    BAD,
    GOOD,
    INK,
    MOST_NAMED,
    NAME,
    PAPER,
    SOFT,
    WIDTH,
    Chart,
    Words,
    caption,
    draw,
    plot,
    sentences,
    short,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from ..documents.drift import DriftReport, FeatureDrift

_MARGINS, _ROW = (236, 70, 12, 54), 24
_SIZE, _SMALL_MARGINS = (440, 190), (48, 12, 12, 30)
_LONGEST_BIN = 20


def draw_differences(report: DriftReport) -> Chart:
    """Draw the stability index of the features, and the index that counts as drift."""
    shown = report.features[:MOST_NAMED]
    told = [
        f"{it.name}: {it.population_stability_index:.3f}{', drifted' if it.drifted else ''}" for it in report.features
    ]
    svg = draw(
        lambda figure: _paint_differences(figure, shown, report.min_stability_index),
        "differences",
        Words(
            f"Population stability index of {len(shown)} features",
            f"{report.min_stability_index:g} and more counts as drift. {sentences(told)}",
        ),
        (WIDTH, _MARGINS[2] + _ROW * len(shown) + _MARGINS[3]),
    )
    rest = len(report.features) - len(shown)
    text = caption(
        "Filled: drifted. From the dashed line on, a difference counts as drift where it is beyond chance.",
        f"The table has {rest} more." if rest else "",
    )
    return Chart(svg, text)


def draw_distributions(feature: FeatureDrift, number: int) -> Chart:
    """Draw the share of the samples in each bin, of the evaluation data and of the captured requests."""
    told = [
        f"{name}: {before:.1%}, now {now:.1%}"
        for name, before, now in zip(feature.bins, feature.expected, feature.observed, strict=True)
    ]
    svg = draw(
        lambda figure: _paint_distributions(figure, feature),
        f"distribution-{number}",
        Words(f"{feature.name}: share of samples by bin", sentences(told)),
        _SIZE,
    )
    return Chart(svg, f"{feature.name}{', drifted' if feature.drifted else ''}")


def _paint_differences(figure: Figure, features: Sequence[FeatureDrift], least: float) -> None:
    axes = plot(figure, _MARGINS, "x")
    values = [feature.population_stability_index for feature in features]
    fills = [BAD if feature.drifted else PAPER for feature in features]
    edges = [BAD if feature.drifted else SOFT for feature in features]
    axes.barh(range(len(features)), values, height=0.6, color=fills, edgecolor=edges, linewidth=1.2)
    for place, value in enumerate(values):
        axes.annotate(f"{value:.2f}", (value, place), (6, 0), textcoords="offset pixels", va="center", gid=NAME)
    axes.axvline(least, color=INK, linewidth=1.2, dashes=(5, 4))
    axes.set_xlim(0, max(*values, least) * 1.04)
    axes.set_ylim(len(features) - 0.5, -0.5)
    axes.set_yticks(range(len(features)), [short(feature.name) for feature in features], color=INK)
    axes.xaxis.set_major_locator(MaxNLocator(7))
    axes.set_xlabel("population stability index", labelpad=8)


def _paint_distributions(figure: Figure, feature: FeatureDrift) -> None:
    axes = plot(figure, _SMALL_MARGINS, "none")
    count = len(feature.bins)
    axes.bar(range(count), feature.observed, width=0.8, color=BAD if feature.drifted else GOOD, alpha=0.4)
    axes.stairs(feature.expected, np.arange(count + 1) - 0.5, color=INK, linewidth=1.6, baseline=None)
    axes.set_xlim(-0.5, count - 0.5)
    axes.set_ylim(0, max([*feature.expected, *feature.observed, 1e-9]) * 1.08)
    axes.yaxis.set_major_locator(MaxNLocator(3))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=None))
    axes.set_xticks([])
    ends = [(0, -0.5, "left"), (count - 1, count - 0.5, "right")]
    for at, place, side in ends if count > 1 else ends[:1]:
        text = short(feature.bins[at], _LONGEST_BIN)
        axes.annotate(text, (place, 0), (0, -18), textcoords="offset pixels", color=SOFT, horizontalalignment=side)
