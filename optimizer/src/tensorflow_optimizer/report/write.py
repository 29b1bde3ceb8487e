"""Writes the four files of a report."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..documents.draft import REPORT_DIRECTORY
from .classes import class_tables, shown_candidate
from .content import Report, compose
from .junit import render_junit
from .rendering import render
from .view import evidence_of, has_real_data, headline_of, output_rows, rows_of, samples_sentence, tiles_of

if TYPE_CHECKING:
    from pathlib import Path

    from ..documents.job import Job
    from ..documents.manifest import Draft
    from ..documents.outcome import Outcome


def write_report(directory: Path, job: Job, outcome: Outcome, draft: Draft | None) -> None:
    """Write `report/report.html`, `report.json`, `junit.xml` and `model-card.md` below a directory.

    Args:
        directory: The output directory of `run`; the files go into its `report` directory.
        job: The job.
        outcome: Its outcome, including failures.
        draft: The draft of the published model; None if nothing is published.
    """
    report = compose(job, outcome, draft)
    target = directory / REPORT_DIRECTORY
    target.mkdir(parents=True, exist_ok=True)
    values = _values(report)
    (target / "report.json").write_text(report.to_json(), encoding="utf-8")
    (target / "report.html").write_text(render("report.html", {**values, **_charts(report)}), encoding="utf-8")
    (target / "model-card.md").write_text(render("model-card.md", values), encoding="utf-8")
    (target / "junit.xml").write_bytes(render_junit(report))


def _values(report: Report) -> dict[str, Any]:
    return {
        "report": report,
        "headline": headline_of(report),
        "tiles": tiles_of(report),
        "rows": rows_of(report),
        "output_rows": output_rows(report),
        "shown": shown_candidate(report),
        "evidence": evidence_of(report),
        "samples": samples_sentence(report),
        "has_real_data": has_real_data(report),
        "job_text": json.dumps(report.job.model_dump(mode="json", by_alias=True, exclude_none=True), indent=2),
    }


def _charts(report: Report) -> dict[str, Any]:
    from .charts.confusion import draw_confusion
    from .charts.intervals import draw_class_losses, draw_times
    from .charts.layers import draw_layers
    from .charts.size_and_loss import draw_size_and_loss

    return {
        "size_and_loss": draw_size_and_loss(report),
        "times": draw_times(report),
        "classes": [
            (tables, draw_class_losses(tables, f"classes-{number}"), draw_confusion(tables, f"confusion-{number}"))
            for number, tables in enumerate(class_tables(report), 1)
        ],
        "layers": draw_layers(shown_candidate(report)),
    }
