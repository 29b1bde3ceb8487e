"""Chooses one quality to compare the candidates of a build."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from .figures import worst_output

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..documents.outcome import Candidate, Metrics


class Quality(StrEnum):
    """The best measure that all candidates have: accuracy, R², agreement, relative error."""

    ACCURACY = "accuracy"
    R_SQUARED = "r_squared"
    AGREEMENT = "agreement"
    RELATIVE_ERROR = "relative_error"


def quality_of(metrics: Iterable[Metrics]) -> Quality | None:
    """Return the best quality that all of these measurements have, or None."""
    outputs = [output for metric in metrics for output in metric.outputs.values()]
    for quality in Quality:
        if outputs and any(getattr(output, quality) is not None for output in outputs):
            return quality
    return None


def value_of(metrics: Metrics, quality: Quality) -> float | None:
    """Return the quality of a model's worst output; for relative error less is better."""
    if quality is Quality.RELATIVE_ERROR:
        known = [output.relative_error for output in metrics.outputs.values() if output.relative_error is not None]
        return max(known, default=None)
    _, worst = worst_output(metrics)
    value: float | None = getattr(worst, quality) if worst else None
    known = [getattr(output, quality) for output in metrics.outputs.values() if getattr(output, quality) is not None]
    return value if value is not None else min(known, default=None)


def front_of(candidates: list[Candidate]) -> list[str]:
    """Return the names of the Pareto-optimal candidates in size and quality, smallest first."""
    measured = [candidate for candidate in candidates if candidate.metrics is not None]
    quality = quality_of(candidate.metrics for candidate in measured if candidate.metrics)
    if quality is None:
        return []
    sign = -1 if quality is Quality.RELATIVE_ERROR else 1
    known = [
        (candidate.metrics.size_bytes, -sign * value, candidate.name)
        for candidate in measured
        if candidate.metrics and (value := value_of(candidate.metrics, quality)) is not None
    ]
    front: list[tuple[int, float, str]] = []
    for item in sorted(known):
        if not front or item[1] < front[-1][1]:
            front.append(item)
    return [name for _, _, name in front]
