"""How a job ended, on a terminal: the table of its candidates and its sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from ..documents.outcome import Candidate, Outcome


def show(outcome: Outcome) -> None:
    """Print the table of candidates and the sentence."""
    console = Console()
    table = Table("candidate", "status", "size", "compressed", "accuracy", "latency", "measured on", "why not")
    for one in outcome.candidates:
        # Names and reasons are no markup, whatever brackets are in them.
        cells = map(Text, (one.name, one.status.value, *_figures(one), one.reason))
        table.add_row(*cells, style="bold" if not one.reason else None)
    if outcome.candidates:
        console.print(table)
    for warning in outcome.warnings:
        console.print(f"warning: {warning}", markup=False)
    console.print(outcome.sentence, markup=False)


def _figures(candidate: Candidate) -> tuple[str, str, str, str, str]:
    metrics = candidate.metrics
    if metrics is None:
        return "", "", "", "", ""
    accuracies = [one.accuracy for one in metrics.outputs.values() if one.accuracy is not None]
    latency = metrics.latency_milliseconds
    return (
        f"{metrics.size_bytes:,}",
        f"{metrics.compressed_bytes:,}" if metrics.compressed_bytes is not None else "",
        f"{min(accuracies):.2%}" if accuracies else "",
        f"{latency:.3f} ms" if latency is not None else "",
        f"{metrics.samples:,} of the {metrics.split}",
    )
