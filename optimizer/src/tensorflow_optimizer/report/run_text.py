"""Says in a sentence what several rows or threads a run bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..documents.manifest import Batch, RunTimes


def run_text(batch: Batch | None, times: RunTimes | None) -> str:
    """Return a sentence about the rows of one run, or why it is one, and about a second thread."""
    parts = []
    if batch is not None and batch.rows > 1:
        ratios = {trial.rows: trial.ratio for trial in times.rows} if times else {}
        ratio = ratios.get(batch.rows)
        saved = "" if ratio is None else f" in {ratio:.2f} of the processor time"
        parts.append(f"computes {batch.rows} rows at once{saved}, from {batch.least} rows on")
        if times and times.difference is not None:
            equal = "no bit differs" if times.difference == 0 else f"outputs differ by {times.difference:.1e} at most"
            parts.append(equal)
    elif batch is not None:
        parts.append(f"computes one row at a time: {batch.reason}")
    if times is not None:
        parts.append(f"a row takes {times.row_microseconds:.1f} µs of one processor")
        if times.threads_ratio is not None:
            parts.append(f"{times.threads_ratio:.2f} of the time with two threads")
    return "; ".join(parts)
