"""Writes drift.json and drift.html."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..documents.drift import DRIFT_FILE, DRIFT_PAGE, DriftReport, DriftVerdict
from ..report.rendering import render

if TYPE_CHECKING:
    from pathlib import Path

_HEADLINES = {
    DriftVerdict.DRIFTED: ("The requests have drifted", "ended"),
    DriftVerdict.NO_DRIFT: ("No drift", "accepted"),
    DriftVerdict.NOT_ENOUGH: ("Not enough samples", "unverified"),
}


def write_drift(directory: Path, report: DriftReport) -> None:
    """Write drift.json and drift.html into a directory."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / DRIFT_FILE).write_text(report.to_json(), encoding="utf-8")
    (directory / DRIFT_PAGE).write_text(render_page(report), encoding="utf-8")


def render_page(report: DriftReport) -> str:
    """Return drift.html."""
    from .charts import draw_differences, draw_distributions

    headline, tone = _HEADLINES[report.verdict]
    return render(
        "drift.html",
        {
            "report": report,
            "headline": headline,
            "tone": tone,
            "tiles": _tiles(report),
            "notes": notes_of(report),
            "differences": draw_differences(report) if report.features else None,
            "distributions": [draw_distributions(feature, number) for number, feature in enumerate(report.features, 1)],
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
