"""Measures warm latency of one instance. The runners take turns, so that a busy machine slows all of them alike."""

from __future__ import annotations

import math
import statistics
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..data import Dataset
    from ..runners import Runner, TimedRunner
    from ..runners.runner import Arrays

_WARM_UP = 3
_MINIMUM_ROUNDS = 10
#: Rounds of a model whose calls are repeated within each; more make a search a fifth longer, and decide the same.
_MAXIMUM_ROUNDS = 64
_BUDGET_SECONDS = 0.5
#: Least seconds for which a model in another process repeats a call, and most repetitions. Asking for one takes a tenth
#: of that time.
_REPEATED_SECONDS, _MOST_REPEATED = 0.001, 100
#: Factor that noise explains: the ratio of one model's times to its own is off by 0.06 at most in 60 measurements on a
#: busy machine.
_MARGIN = 1.10
#: Less decides nothing: it is small beside the rest of a request.
_FLOOR_MILLISECONDS = 0.020


@dataclass(frozen=True)
class Timing:
    """Median of measured times and its error, in milliseconds."""

    median: float
    noise: float
    """Possible error of the median: two standard errors, from the median absolute deviation."""


@dataclass(frozen=True)
class Latency:
    """The time of one call."""

    wall: Timing
    """Time by this process's clock."""
    processor: Timing | None = None
    """Processor time of the model's process, as the kernel counts it. None where the system does not tell, and where
    the model's process has started others, whose time would be missing."""


def comparable(latencies: Sequence[Latency]) -> list[Timing]:
    """Return the times to compare: processor times, which a busy machine hardly changes, if all of them are known."""
    processor = [latency.processor for latency in latencies if latency.processor is not None]
    return processor if len(processor) == len(latencies) else [latency.wall for latency in latencies]


def latency_ratio(candidate: Timing, baseline: Timing) -> tuple[float, tuple[float, float]]:
    """Return the ratio of two medians and its 95 % interval, from the noise of both."""
    ratio = candidate.median / baseline.median
    margin = ratio * math.hypot(candidate.noise / candidate.median, baseline.noise / baseline.median)
    return ratio, (max(0.0, ratio - margin), ratio + margin)


def is_slower(candidate: Timing, baseline: Timing, limit: float = 1.0) -> bool:
    """Say whether one measurement shows that a candidate takes more than `limit` times the time of a baseline.

    The whole interval of the ratio lies above 1.1 times the limit, and the candidate takes 20 µs more than the limit
    allows. A decision needs two measurements: see `measured_twice`.
    """
    _, interval = latency_ratio(candidate, baseline)
    excess = candidate.median - limit * baseline.median
    return may_be_slower(interval, limit) and excess > _FLOOR_MILLISECONDS


def may_be_slower(interval: tuple[float, float], limit: float = 1.0) -> bool:
    """Say whether the interval of a ratio is a reason to measure again."""
    return interval[0] > limit * _MARGIN


def measured_twice(runners: dict[str, Runner], signature: str, dataset: Dataset) -> Iterator[dict[str, Latency]]:
    """Measure models that are loaded anew, then once more in the other order: on demand, so that one may be enough.

    Where memory happens to lie differs from process to process, and makes one slower than another of the same model.
    """
    for names in (list(runners), list(runners)[::-1]):
        for name in names:
            if hasattr(runners[name], "restart"):
                cast("TimedRunner", runners[name]).restart()
        yield interleaved_latency({name: runners[name] for name in names}, signature, dataset)


def interleaved_latency(runners: dict[str, Runner], signature: str, dataset: Dataset) -> dict[str, Latency]:
    """Return the median time of one warm call with one instance for each runner.

    A model in another process repeats each call, so that what it takes to ask does not count.
    """
    clocks = {name: _clock(runner, signature) for name, runner in runners.items()}
    for row in range(_WARM_UP):
        for clock in clocks.values():
            clock.warm_up(dataset.call(row % dataset.count, row % dataset.count + 1))
    end = time.perf_counter() + _BUDGET_SECONDS * len(runners)
    order = list(clocks.values())
    for turn in range(_MAXIMUM_ROUNDS):
        if turn >= _MINIMUM_ROUNDS and time.perf_counter() > end:
            break
        row = turn % dataset.count
        inputs = dataset.call(row, row + 1)
        for clock in order if turn % 2 == 0 else order[::-1]:
            clock.call(inputs)
    return {name: clock.latency() for name, clock in clocks.items()}


@dataclass
class _Clock:
    """Times the calls of a runner in this process."""

    runner: Runner
    signature: str
    wall: list[float] = field(default_factory=list)

    def warm_up(self, inputs: Arrays) -> None:
        self.runner.run(self.signature, inputs)

    def call(self, inputs: Arrays) -> None:
        start = time.perf_counter()
        self.runner.run(self.signature, inputs)
        self.wall.append(time.perf_counter() - start)

    def latency(self) -> Latency:
        return Latency(_timing(self.wall))


class _RemoteClock:
    """Times the calls of a runner in another process, several at once, without the time that asking takes."""

    def __init__(self, runner: TimedRunner, signature: str) -> None:
        self._runner = runner
        self._signature = signature
        self._asking = self._asking_processor = math.inf
        self._times = 1
        self._wall: list[float] = []
        self._processor: list[float | None] = []
        self._others = runner.traces_of_others

    def warm_up(self, inputs: Arrays) -> None:
        empty = self._runner.elapsed(self._signature, inputs, 0)
        once = self._runner.elapsed(self._signature, inputs, 1)
        # The least of each: a busy machine only adds.
        self._asking = min(self._asking, empty.wall)
        taken = once.wall - empty.wall
        if empty.processor is not None and once.processor is not None:
            self._asking_processor = min(self._asking_processor, empty.processor)
            # A busy machine lets it wait, and what hides its time in other processes must not be repeated for long.
            taken = max(once.processor - empty.processor, taken / 10)
        self._times = max(self._times, min(_MOST_REPEATED, math.ceil(_REPEATED_SECONDS / max(taken, 1e-6))))

    def call(self, inputs: Arrays) -> None:
        taken = self._runner.elapsed(self._signature, inputs, self._times)
        self._wall.append(self._without(taken.wall, self._asking))
        self._processor.append(
            None if taken.processor is None else self._without(taken.processor, self._asking_processor)
        )

    def latency(self) -> Latency:
        known = [seconds for seconds in self._processor if seconds is not None]
        alone = self._others is not None and self._runner.traces_of_others == self._others
        is_known = alone and len(known) == len(self._processor) and self._asking_processor < math.inf
        return Latency(_timing(self._wall), _timing(known) if is_known else None)

    def _without(self, seconds: float, asking: float) -> float:
        # No call takes no time, whatever a busy machine adds to asking.
        return max(seconds - asking, seconds / 100) / self._times


def _clock(runner: Runner, signature: str) -> _Clock | _RemoteClock:
    # A protocol that can be checked costs more than this.
    if hasattr(runner, "elapsed"):
        return _RemoteClock(cast("TimedRunner", runner), signature)
    return _Clock(runner, signature)


def _timing(seconds: list[float]) -> Timing:
    values = [value * 1000.0 for value in seconds]
    median = statistics.median(values)
    deviation = statistics.median(abs(value - median) for value in values)
    # 1.4826: from the deviation to a standard deviation; 1.2533: from a mean's error to a median's (normal
    # distribution).
    return Timing(median, 2 * 1.4826 * 1.2533 * deviation / math.sqrt(len(values)))
