"""Formats what a candidate lost of each metric and class, and its confusion matrix beside the original's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..documents.job import Metric, MetricName
from . import figures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..documents.outcome import Candidate, Confusion, Loss, OutputMetrics
    from .content import Report

_OTHER = "none of them"


@dataclass(frozen=True)
class MetricRow:
    """One metric of both models, as texts."""

    name: str
    samples: str
    before: str
    after: str
    loss: str
    interval: str


@dataclass(frozen=True)
class ConfusionRow:
    """Decisions for the samples of one label: pairs of a text, and whether the two models differ."""

    label: str
    cells: list[tuple[str, bool]]


@dataclass(frozen=True)
class ClassTables:
    """The tables of one output."""

    candidate: str
    output: str
    metrics: list[MetricRow]
    decisions: list[str]
    confusion: list[ConfusionRow]
    recalls: list[tuple[str, Loss]]
    """Loss of recall of each class, by its name."""
    matrices: tuple[list[list[int]], list[list[int]]]
    """The numbers of the confusion matrix, before and after."""


def class_tables(report: Report) -> list[ClassTables]:
    """Return the tables of the chosen candidate, or of the last one that was measured; none without labels."""
    shown = shown_candidate(report)
    if shown is None or shown.metrics is None or report.original is None:
        return []
    return [
        _tables(shown, name, report.original.outputs[name], output, report.labels or [])
        for name, output in shown.metrics.outputs.items()
        if output.losses.keys() - {MetricName.MEAN_ABSOLUTE_ERROR.value} and name in report.original.outputs
    ]


def shown_candidate(report: Report) -> Candidate | None:
    """Return the chosen candidate, or the last one that was measured."""
    measured = [candidate for candidate in report.candidates if candidate.metrics]
    return next((it for it in measured if it.name == report.chosen), measured[-1] if measured else None)


def _tables(
    candidate: Candidate, name: str, before: OutputMetrics, after: OutputMetrics, labels: Sequence[str]
) -> ClassTables:
    confusion = after.confusion
    supports: dict[int | None, int] = {}
    if confusion is not None:
        supports = {number: sum(row) for number, row in zip(confusion.classes, confusion.counts, strict=True)}
    rows = [
        _row(key, before.scores[key], after, supports, labels)
        for key in sorted(after.scores, key=_order)
        # The mean recall is the balanced accuracy, except for several labels.
        if key in before.scores and (key != "recall" or after.scores[key] != after.scores.get("balancedAccuracy"))
    ]
    recalls = [
        (_class(metric.class_index, labels), after.losses[key])
        for key in sorted(after.losses, key=_order)
        if (metric := Metric.of_key(key)).name is MetricName.RECALL and metric.class_index is not None
    ]
    decisions, matrices = _matrices(before.confusion, confusion, labels)
    confusions = [
        ConfusionRow(
            label,
            [(f"{old:,}" if old == new else f"{old:,} → {new:,}", old != new) for old, new in zip(*pair, strict=True)],
        )
        for label, *pair in zip(decisions, *matrices, strict=False)  # the last decision may be no label
    ]
    return ClassTables(candidate.name, name, rows, decisions, confusions, recalls, matrices)


def _order(key: str) -> tuple[bool, str, int]:
    name, _, number = key.partition(":")
    return bool(number) and name != MetricName.TOP_K, "" if not number else name, int(number or 0)


def _row(
    key: str, before: float, after: OutputMetrics, supports: dict[int | None, int], labels: Sequence[str]
) -> MetricRow:
    metric, loss = Metric.of_key(key), after.losses.get(key)
    number = metric.class_index
    return MetricRow(
        name=metric.words if number is None else f"{metric.name.value} of {_class(number, labels)}",
        samples=f"{supports[number]:,}" if number in supports else "",
        before=figures.percent(before),
        after=figures.percent(after.scores[key]),
        loss=figures.points(loss.value if loss else before - after.scores[key]),
        interval=figures.interval(loss.interval) if loss else "",
    )


def _class(number: int, labels: Sequence[str]) -> str:
    return labels[number] if number < len(labels) else f"class {number}"


def _matrices(
    before: Confusion | None, after: Confusion | None, labels: Sequence[str]
) -> tuple[list[str], tuple[list[list[int]], list[list[int]]]]:
    """Return the decisions, and both models' counts of each by label; nothing where they cannot be compared."""
    if before is None or after is None or before.classes != after.classes:
        return [], ([], [])
    width = max(len(row) for row in (*before.counts, *after.counts))
    # A model that always decides for a class lacks the last column.
    first, second = ([row + [0] * (width - len(row)) for row in matrix.counts] for matrix in (before, after))
    return [*(_class(number, labels) for number in after.classes), _OTHER][:width], (first, second)
