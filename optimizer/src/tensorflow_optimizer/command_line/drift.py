"""The commands `drift` and `publish-drift`: captured requests against a model's profile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .failure import one_sentence

if TYPE_CHECKING:
    from ..documents.drift import DriftReport

_Output = Annotated[Path, typer.Option(help="The directory with drift.json and drift.html.", file_okay=False)]


def drift(  # noqa: PLR0913 - one parameter for each option
    model: Annotated[
        str,
        typer.Argument(
            help="The version: s3://<bucket>/<prefix>/<format>/<version>/, a directory with a copy, or a profile.json."
        ),
    ],
    captured: Annotated[str, typer.Argument(help="The captured requests: s3://<bucket>, or a folder with objects.")],
    *,
    hours: Annotated[
        int | None, typer.Option(min=1, max=24 * 366, help="The last hours. Default: 24 of a bucket, all of a folder.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest requests to read at most.")] = 10_000,
    min_samples: Annotated[int, typer.Option(min=20, help="Samples that a decision needs.")] = 200,
    min_psi: Annotated[
        float, typer.Option(min=0, help="Population stability index from which a feature may have drifted.")
    ] = 0.2,
    output: Annotated[Path | None, typer.Option(help="Receives drift.json and drift.html.", file_okay=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print drift.json instead of a table.")] = False,
) -> None:
    """Compare captured requests and answers with the evaluation data of a published version.

    The exit code is 0 whatever the comparison says; `verdict` of drift.json says it.
    """
    # Other commands start without NumPy.
    from ..data.captured_requests import CapturedCount
    from ..drift import Thresholds, compare, observe
    from ..drift.captured import captured_requests
    from ..drift.page import write_drift
    from ..drift.profiled_model import read_profiled_model

    with one_sentence():
        profiled = read_profiled_model(model)
        until = datetime.now(UTC)
        in_bucket = captured.startswith("s3://")
        since = until - timedelta(hours=hours or 24) if hours or in_bucket else datetime.min.replace(tzinfo=UTC)
        count = CapturedCount()
        requests = captured_requests(captured, profiled.profile.model, since, until, limit, count)
        observed = observe(profiled.profile, profiled.version, requests)
        report = compare(
            profiled.profile,
            observed,
            Thresholds(stability_index=min_psi, samples=min_samples),
            version=profiled.version,
            unreadable=count.unreadable,
        )
        if output is not None:
            write_drift(output, report)
        if as_json:
            typer.echo(report.to_json(), nl=False)
        else:
            _show(report)


def publish_drift(
    output: _Output,
    bucket: Annotated[str, typer.Option(help="The capture bucket, which receives both files.")],
    manifest_key: Annotated[str, typer.Option(help="Key of the version's manifest.json, for the event.")],
    project: Annotated[str, typer.Option(help="Value of the metrics' dimension ProjectName.")],
    run: Annotated[str, typer.Option(help="Identifies this comparison; part of the keys.")],
) -> None:
    """Upload a comparison by `drift`, write its metrics to CloudWatch, and publish an event if there is drift."""
    from ..drift.announce import Announcement, announce

    with one_sentence():
        announce(output, Announcement(bucket, manifest_key, project, run), typer.echo)


def _show(report: DriftReport) -> None:
    from rich.console import Console
    from rich.table import Table

    from ..drift.page import notes_of
    from ..report.figures import small

    console = Console()
    if report.features:
        table = Table()
        for header in ("feature", "PSI", "divergence", "p", "mean before", "mean now", ""):
            table.add_column(header, overflow="fold")
        for feature in report.features:
            figures = f"{feature.population_stability_index:.3f}", f"{feature.jensen_shannon_divergence:.3f}"
            means = small(feature.expected_mean), small(feature.observed_mean)
            table.add_row(feature.name, *figures, small(feature.p_value), *means, "drifted" if feature.drifted else "")
        console.print(table)
    for note in notes_of(report):
        console.print(f"note: {note}", markup=False)
    console.print(report.sentence, markup=False)
