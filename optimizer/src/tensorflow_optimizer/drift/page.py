"""Writes drift.json and drift.html."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from markupsafe import Markup

from ..documents.drift import DRIFT_FILE, DRIFT_PAGE, DriftReport, DriftVerdict, FeatureDrift
from ..report.rendering import render

if TYPE_CHECKING:
    from pathlib import Path

_HEADLINES = {
    DriftVerdict.DRIFTED: ("The requests have drifted", "ended"),
    DriftVerdict.NO_DRIFT: ("No drift", "accepted"),
    DriftVerdict.NOT_ENOUGH: ("Not enough samples", "unverified"),
}
_WIDTH, _HEIGHT, _BOTTOM = 360, 130, 20
_LONGEST_NAME = 14


def write_drift(directory: Path, report: DriftReport) -> None:
    """Write drift.json and drift.html into a directory."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / DRIFT_FILE).write_text(report.to_json(), encoding="utf-8")
    (directory / DRIFT_PAGE).write_text(render_page(report), encoding="utf-8")


def render_page(report: DriftReport) -> str:
    """Return drift.html."""
    headline, tone = _HEADLINES[report.verdict]
    return render(
        "drift.html",
        {
            "report": report,
            "headline": headline,
            "tone": tone,
            "tiles": _tiles(report),
            "notes": notes_of(report),
            "plots": [(feature, *_plots(feature)) for feature in report.features],
        },
    )


def notes_of(report: DriftReport) -> list[str]:
    """Return sentences on what was captured and not compared."""
    counted = {
        "lines are not captured requests": report.unreadable,
        "requests do not have the profiled inputs and outputs": report.unfit,
        "requests were answered by another version": report.other_versions,
        f"requests are not for the signature {report.signature!r}": report.other_signatures,
    }
    return [f"{count:,} {what}, and were left out" for what, count in counted.items() if count]


def _tiles(report: DriftReport) -> list[tuple[str, str, str]]:
    period = f"{report.first_request} to {report.last_request}" if report.first_request else "none in this period"
    tiles = [
        ("captured samples", f"{report.samples:,}", period),
        ("evaluation samples", f"{report.profile_samples:,}", "in the profile"),
    ]
    if report.features:
        tiles.append(("features drifted", str(len(report.drifted)), f"of {len(report.features)}"))
        greatest = max(feature.population_stability_index for feature in report.features)
        tiles.append(("greatest PSI", f"{greatest:.2f}", f"{report.min_stability_index:g} counts as drift"))
    return tiles


def _plots(feature: FeatureDrift) -> tuple[Markup, Markup]:
    """Return the bars of both distributions, to one scale."""
    highest = max([*feature.expected, *feature.observed, 1e-9])
    observed = "drifted" if feature.drifted else "observed"
    return (
        _bars(feature, feature.expected, highest, "expected"),
        _bars(feature, feature.observed, highest, observed),
    )


def _bars(feature: FeatureDrift, shares: list[float], highest: float, kind: str) -> Markup:
    text = f"{feature.name}: share of samples by bin"
    svg = ET.Element("svg", {"viewBox": f"0 0 {_WIDTH} {_HEIGHT}", "role": "img", "aria-label": text, "class": "bars"})
    width, bottom = _WIDTH / len(shares), _HEIGHT - _BOTTOM
    for place, (name, share) in enumerate(zip(feature.bins, shares, strict=True)):
        height = share / highest * (bottom - 4)
        box = {
            "x": f"{place * width + width * 0.1:.1f}",
            "y": f"{bottom - height:.1f}",
            "width": f"{width * 0.8:.1f}",
            "height": f"{height:.1f}",
            "class": kind,
        }
        title = ET.SubElement(ET.SubElement(svg, "rect", box), "title")
        title.text = f"{name}: {share:.1%}"
    line = {"x1": "0", "x2": str(_WIDTH), "y1": str(bottom), "y2": str(bottom), "class": "base"}
    ET.SubElement(svg, "line", line)
    ends = ((feature.bins[0], 0, "start"), (feature.bins[-1], _WIDTH, "end"))
    for name, x, anchor in ends if len(shares) > 1 else ends[:1]:
        label = ET.SubElement(svg, "text", {"x": str(x), "y": str(_HEIGHT - 5), "text-anchor": anchor})
        label.text = name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
    return Markup(ET.tostring(svg, encoding="unicode"))  # noqa: S704 - ElementTree escapes names
