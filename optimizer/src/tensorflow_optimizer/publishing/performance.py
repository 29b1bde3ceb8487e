"""A model's measured figures in the form of a bill of materials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..documents.bill_of_materials import ConfidenceInterval, PerformanceMetric

if TYPE_CHECKING:
    from ..documents.outcome import Metrics

_INTERVAL = "Interval"


def performance_of(metrics: Metrics) -> list[PerformanceMetric]:
    """Return every figure: those of each output, then those of the whole model.

    The slice names the output, the part of the data and the number of samples.
    """
    data = metrics.to_data()
    part = f"{metrics.split.value} split, {metrics.samples} samples, {metrics.evidence.value}"
    by_output = [
        metric
        for name, output in data["outputs"].items()
        for metric in _metrics({**output, **output["scores"]}, f"output {name}, {part}")
    ]
    whole = {name: value for name, value in data.items() if name != "samples"}
    return by_output + _metrics(whole, None)


def _metrics(data: dict[str, Any], where: str | None) -> list[PerformanceMetric]:
    return [
        PerformanceMetric(
            type=name, value=str(value), slice=where, confidence_interval=_interval(data.get(f"{name}{_INTERVAL}"))
        )
        for name, value in data.items()
        if isinstance(value, int | float)
    ]


def _interval(bounds: list[float] | None) -> ConfidenceInterval | None:
    return ConfidenceInterval(lower_bound=str(bounds[0]), upper_bound=str(bounds[1])) if bounds else None
