"""Chooses one loss to compare the candidates of a build by, and those that nothing beats in it and in size."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ..documents.job import Metric, MetricName
from . import figures

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..documents.outcome import Candidate, OutputMetrics

    Interval = tuple[float, float]


class Loss(NamedTuple):
    """Loss of a candidate against the original; 0 for the original."""

    value: float
    interval: Interval | None


@dataclass(frozen=True)
class Measure:
    """One kind of loss."""

    name: str
    """Name of the loss, such as `loss of accuracy, points`."""
    read: Callable[[OutputMetrics], Loss | None]
    """Returns the loss of an output; None where it was not measured."""
    factor: float
    """Factor from a loss to the number that people read: 100 for points."""

    def text(self, loss: Loss) -> str:
        """Return a loss with its interval, such as `+1.50 (+0.40 … +2.70)`."""
        value = figures.points(loss.value) if self.factor == 100 else figures.small(loss.value)
        between = figures.interval(loss.interval, self.factor)
        return f"{value} ({between})" if between else value


def measure_of(candidates: Sequence[Candidate]) -> Measure | None:
    """Return the strongest loss that was measured: what the gate judged, else what needs labels, else the others."""
    judged = [
        rule.metric for candidate in candidates for rule in candidate.rules if rule.metric and rule.rule == "maxLoss"
    ]
    for measure in (*map(_of_metric, dict.fromkeys(judged)), *_USUAL):
        if any(loss_of(candidate, measure) for candidate in candidates):
            return measure
    return None


def loss_of(candidate: Candidate, measure: Measure) -> Loss | None:
    """Return the greatest loss of the outputs that the gate judged, or of all if it judged none.

    None where that of no output was measured, or that of one is no number.
    """
    outputs = candidate.metrics.outputs if candidate.metrics else {}
    judged = {rule.output for rule in candidate.rules} & outputs.keys() or outputs.keys()
    known = [loss for name in outputs if name in judged and (loss := measure.read(outputs[name]))]
    if not all(math.isfinite(loss.value) for loss in known):
        return None
    return max(known, key=lambda loss: loss.value, default=None)


def front_of(candidates: Sequence[Candidate]) -> list[str]:
    """Return the names of the candidates that no other beats in both size and loss, smallest first."""
    measure = measure_of(candidates)
    if measure is None:
        return []
    known = [
        (candidate.metrics.size_bytes, loss.value, candidate.name)
        for candidate in candidates
        if candidate.metrics and (loss := loss_of(candidate, measure))
    ]
    front: list[tuple[int, float, str]] = []
    for item in sorted(known):
        if not front or item[1] < front[-1][1]:
            front.append(item)
    return [name for _, _, name in front]


def _of_metric(key: str) -> Measure:
    def read(output: OutputMetrics) -> Loss | None:
        loss = output.losses.get(key)
        return None if loss is None else Loss(loss.value, loss.interval)

    if key == MetricName.MEAN_ABSOLUTE_ERROR:
        return Measure("increase of the mean absolute error, %", read, 100)
    return Measure(f"loss of {Metric.of_key(key).words}, points", read, 100)


def _accuracy(output: OutputMetrics) -> Loss | None:
    return None if output.accuracy_loss is None else Loss(output.accuracy_loss, output.accuracy_loss_interval)


def _error(output: OutputMetrics) -> Loss | None:
    return None if output.error_increase is None else Loss(output.error_increase, output.error_increase_interval)


def _disagreement(output: OutputMetrics) -> Loss | None:
    if output.agreement is None:
        return None
    bounds = output.agreement_interval
    return Loss(1 - output.agreement, bounds and (1 - bounds[1], 1 - bounds[0]))


def _relative_error(output: OutputMetrics) -> Loss | None:
    return None if output.relative_error is None else Loss(output.relative_error, output.relative_error_interval)


_USUAL = (
    Measure("loss of accuracy, points", _accuracy, 100),
    Measure("increase of the mean absolute error, %", _error, 100),
    Measure("decisions unlike the original's, %", _disagreement, 100),
    Measure("relative error", _relative_error, 1),
)
