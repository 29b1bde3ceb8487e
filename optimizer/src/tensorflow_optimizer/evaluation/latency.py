"""Measures warm latency of one instance. The runners take turns, so that a busy machine slows all of them alike."""

from __future__ import annotations

import math
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..data import Dataset
    from ..runners import Runner

_WARM_UP = 3
_MINIMUM_ROUNDS = 10
_MAXIMUM_ROUNDS = 200
_BUDGET_SECONDS = 0.5


@dataclass(frozen=True)
class Timing:
    """Milliseconds."""

    median: float
    noise: float
    """By how much the median itself may be off: two standard errors, from the median absolute deviation."""


def latency_ratio(candidate: Timing, baseline: Timing) -> tuple[float, tuple[float, float]]:
    """Return the ratio of two medians and its 95 % interval, from the noise of both."""
    ratio = candidate.median / baseline.median
    margin = ratio * math.hypot(candidate.noise / candidate.median, baseline.noise / baseline.median)
    return ratio, (max(0.0, ratio - margin), ratio + margin)


def interleaved_latency(runners: dict[str, Runner], signature: str, dataset: Dataset) -> dict[str, Timing]:
    """Return the median time of one warm call with one instance for each runner."""
    times: dict[str, list[float]] = {name: [] for name in runners}
    for row in range(_WARM_UP):
        for runner in runners.values():
            runner.run(signature, dataset.call(row % dataset.count, row % dataset.count + 1))
    end = time.perf_counter() + _BUDGET_SECONDS * len(runners)
    for turn in range(_MAXIMUM_ROUNDS):
        if turn >= _MINIMUM_ROUNDS and time.perf_counter() > end:
            break
        row = turn % dataset.count
        inputs = dataset.call(row, row + 1)
        for name, runner in runners.items():
            start = time.perf_counter()
            runner.run(signature, inputs)
            times[name].append((time.perf_counter() - start) * 1000.0)
    return {name: _timing(values) for name, values in times.items()}


def _timing(values: list[float]) -> Timing:
    median = statistics.median(values)
    deviation = statistics.median(abs(value - median) for value in values)
    # 1.4826: from the deviation to a standard deviation; 1.2533: from a mean's error to a median's (normal
    # distribution).
    return Timing(median, 2 * 1.4826 * 1.2533 * deviation / math.sqrt(len(values)))
