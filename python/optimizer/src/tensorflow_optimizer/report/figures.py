"""Formats numbers for people, in the report and in the one-line summary."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..documents.outcome import Metrics, OutputMetrics

NOT_MEASURED = "–"


def megabytes(size: int) -> str:
    """Return a size as `0.94 MB`, or `81.5 kB` below a tenth of that."""
    return f"{size / 1e6:,.2f} MB" if size >= 100_000 else f"{size / 1e3:,.1f} kB"


def percent(ratio: float | None) -> str:
    """Return a ratio as `98.30 %`."""
    return NOT_MEASURED if ratio is None else f"{ratio * 100:.2f} %"


def points(ratio: float | None) -> str:
    """Return a difference of two percentages as `+0.10` points."""
    return NOT_MEASURED if ratio is None else _signed(ratio * 100)


def interval(bounds: tuple[float, float] | None, factor: float = 100) -> str:
    """Return a 95 % interval as `-0.30 … +0.50`; of percentages unless told otherwise."""
    if bounds is None:
        return ""
    return " … ".join(_signed(bound * factor) if factor == 100 else small(bound) for bound in bounds)


def small(number: float | None) -> str:
    """Return a number that may be tiny, with three digits that count."""
    if number is None:
        return NOT_MEASURED
    return "0" if number == 0 else f"{number:.3g}" if math.isfinite(number) else str(number)


def milliseconds(number: float | None) -> str:
    """Return a duration as `0.312 ms`."""
    return NOT_MEASURED if number is None else f"{number:.3f} ms" if number < 100 else f"{number:,.0f} ms"


def smaller(before: int, after: int) -> str:
    """Return how a size changed: `÷2.0`, `×1.3` where it grew."""
    if before <= 0 or after <= 0 or before == after:
        return "same size"
    return f"÷{before / after:.1f}" if after < before else f"×{after / before:.1f}"


def speed(ratio: float | None) -> str:
    """Return a latency ratio in words: `3.45× faster`; what any two runs differ by is no difference."""
    if ratio is None or ratio <= 0:
        return NOT_MEASURED
    if abs(ratio - 1) < 0.05:
        return "about as fast"
    return f"{1 / ratio:.2f}× faster" if ratio < 1 else f"{ratio:.2f}× slower"


def worst_output(metrics: Metrics) -> tuple[str, OutputMetrics] | tuple[None, None]:
    """Return the output that moved farthest from the original: the one that the gate decides by."""

    def distance(item: tuple[str, OutputMetrics]) -> tuple[float, float, float]:
        output = item[1]
        return (
            -1.0 if output.accuracy_loss is None else output.accuracy_loss,
            -1.0 if output.agreement is None else 1 - output.agreement,
            -1.0 if output.relative_error is None else output.relative_error,
        )

    return max(metrics.outputs.items(), key=distance) if metrics.outputs else (None, None)


def _signed(number: float) -> str:
    return f"{number:+.2f}" if round(number, 2) else "0.00"
