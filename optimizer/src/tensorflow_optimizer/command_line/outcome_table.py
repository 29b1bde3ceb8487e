"""Shows a job's candidates and its sentence on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..report.figures import r_squared, small, worst_output

if TYPE_CHECKING:
    from ..documents.outcome import Candidate, Outcome

# A narrower terminal shows fewer columns, and the reasons below the table.
_FULL_WIDTH = 120


def show(outcome: Outcome, console: Console | None = None) -> None:
    """Print the table of candidates, the warnings and the sentence."""
    console = console or Console()
    if outcome.candidates:
        wide = console.width >= _FULL_WIDTH
        console.print(_table(outcome.candidates, wide=wide))
        for candidate in outcome.candidates:
            if candidate.reason and not wide:
                console.print(f"{candidate.name}: {candidate.reason}", markup=False)
    for warning in outcome.warnings:
        console.print(f"warning: {warning}", markup=False)
    console.print(outcome.sentence, markup=False)


def _table(candidates: list[Candidate], *, wide: bool) -> Table:
    headers = ["status", "size", "compressed", "accuracy", "MAE", "R²", "latency", "measured on", "why not"]
    figures = [_figures(candidate) for candidate in candidates]
    known = {header for figure in figures for header, text in figure.items() if text}
    shown = [
        header
        for header in headers
        if (wide or header not in ("compressed", "measured on", "why not"))
        and (header in known or header not in ("accuracy", "MAE", "R²"))
    ]
    table = Table()
    table.add_column("candidate", overflow="fold")
    for header in shown:
        table.add_column(header, no_wrap=header != "why not")
    for candidate, measured in zip(candidates, figures, strict=True):
        cells = {"status": candidate.status.value, "why not": candidate.reason, **measured}
        # Names and reasons may contain brackets, which are not markup.
        table.add_row(
            Text(candidate.name),
            *(Text(cells.get(header, "")) for header in shown),
            style="bold" if not candidate.reason else None,
        )
    return table


def _figures(candidate: Candidate) -> dict[str, str]:
    metrics = candidate.metrics
    if metrics is None:
        return {}
    _, worst = worst_output(metrics, candidate.rules)
    errors = [output for output in metrics.outputs.values() if output.mean_absolute_error is not None]
    numbers = worst if worst is not None and worst.mean_absolute_error is not None else next(iter(errors), None)
    accuracies = [output.accuracy for output in metrics.outputs.values() if output.accuracy is not None]
    latency = metrics.latency_milliseconds
    return {
        "size": f"{metrics.size_bytes:,}",
        "compressed": f"{metrics.compressed_bytes:,}" if metrics.compressed_bytes is not None else "",
        "accuracy": f"{min(accuracies):.2%}" if accuracies else "",
        "MAE": small(numbers.mean_absolute_error) if numbers else "",
        "R²": r_squared(numbers.r_squared) if numbers else "",
        "latency": f"{latency:.3f} ms" if latency is not None else "",
        "measured on": f"{metrics.samples:,} of the {metrics.split}",
    }
