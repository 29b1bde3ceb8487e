"""Times of a model in the runtime that serves it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median_high
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class ServingTimes:
    """Times in milliseconds; None: not measured."""

    load: float | None = None
    start: float | None = None
    """Time from the start of the native program to its first answer, the median of a few starts."""
    latency: float | None = None
    """Time of one warm request, for a LiteRT model with the local Runtime API."""
    processor: float | None = None
    """Processor time of one warm request in the native program."""
    processor_p99: float | None = None
    """99th percentile of the processor time of warm requests there."""


def typical(processes: Sequence[Sequence[float]]) -> float | None:
    """Return the lower quartile of each process's requests, of which it is the median.

    A process is as fast as its memory happens to lie, and who measures it takes turns with it on the same processors.
    """
    quartiles = [sorted(requests)[len(requests) // 4] for requests in processes if requests]
    return median_high(quartiles) if quartiles else None


def percentile_99(processes: Sequence[Sequence[float]]) -> float | None:
    """Return the 99th percentile of the requests of all processes: one that was measured, not an interpolated one."""
    requests = sorted(each for requests in processes for each in requests)
    return requests[math.ceil(len(requests) * 0.99) - 1] if requests else None
