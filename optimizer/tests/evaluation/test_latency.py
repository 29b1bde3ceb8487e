"""The spread of a latency and of the ratio of two, and when a difference is certain."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import pytest
from tensorflow_optimizer.evaluation import (
    Latency,
    Timing,
    comparable,
    interleaved_latency,
    is_slower,
    latency_ratio,
    measured_twice,
)
from tensorflow_optimizer.evaluation import latency as module
from tensorflow_optimizer.runners import Elapsed
from tensorflow_optimizer.search.ranking import rank_by_time

DATA: Any = SimpleNamespace(count=4, call=lambda *_: {})


class Model:
    """A model in another process, with given clocks, in seconds."""

    def __init__(self, *, processor: float, wall: list[float], forks: bool = False) -> None:
        self._processor, self._wall, self._forks = processor, itertools.cycle(wall), forks
        self._children = 0
        self.log: list[str] = []

    def elapsed(self, *arguments: Any) -> Elapsed:
        self._children += self._forks
        self.log.append("call")
        times = arguments[2]
        return Elapsed(0.0001 + times * next(self._wall), 0.0001 + times * self._processor)

    @property
    def traces_of_others(self) -> tuple[int, ...]:
        return (self._children,)

    def restart(self) -> None:
        self.log.append("restart")


def test_the_ratio_has_the_relative_spread_of_both_medians() -> None:
    # 3 % of one and 4 % of the other are 5 % of the ratio.
    ratio, interval = latency_ratio(Timing(2.0, 0.06), Timing(4.0, 0.16))

    assert ratio == 0.5
    assert interval == pytest.approx((0.475, 0.525))


def test_a_ratio_is_not_below_zero_however_noisy() -> None:
    assert latency_ratio(Timing(1.0, 3.0), Timing(1.0, 0.0)) == (1.0, (0.0, 4.0))


def test_equal_times_have_no_spread_and_scattered_ones_have(monkeypatch: pytest.MonkeyPatch) -> None:
    # Two readings of the clock for each call: in turn, one runner takes 1 ms and the other one 3 ms, both forwards and
    # backwards; the scattered one takes 1 ms every other time.
    steps = itertools.cycle([0.0, 0.001, 0.0, 0.001, 0.0, 0.003, 0.0, 0.001])
    # The first reading sets the end of the measurement.
    clock = itertools.accumulate(itertools.chain([0.0], steps))
    monkeypatch.setattr(module, "_BUDGET_SECONDS", 0.0)
    monkeypatch.setattr(module, "_MINIMUM_ROUNDS", 16)
    monkeypatch.setattr(module, "_MAXIMUM_ROUNDS", 16)
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(clock))
    runner: Any = SimpleNamespace(run=lambda *_: {})

    times = interleaved_latency({"steady": runner, "scattered": runner}, "serve", DATA)

    assert times["steady"].processor is None
    assert times["steady"].wall.noise == pytest.approx(0.0, abs=1e-9)
    assert times["scattered"].wall.median > times["steady"].wall.median
    assert times["scattered"].wall.noise == pytest.approx(2 * 1.4826 * 1.2533 * 1.0 / 4)


def test_what_a_model_computes_decides_however_long_it_waits() -> None:
    busy, quiet = Model(processor=0.002, wall=[0.002, 0.05, 0.3]), Model(processor=0.002, wall=[0.002])
    times = interleaved_latency({"busy": busy, "quiet": quiet}, "serve", DATA)

    assert times["busy"].wall.median > 5 * times["quiet"].wall.median
    first, second = comparable([times["busy"], times["quiet"]])
    assert first.median == second.median == pytest.approx(2.0)


def test_a_model_that_starts_others_is_compared_by_the_clock() -> None:
    forking, honest = Model(processor=0.0001, wall=[0.004], forks=True), Model(processor=0.002, wall=[0.002])
    times = interleaved_latency({"forking": forking, "honest": honest}, "serve", DATA)

    first, second = comparable([times["forking"], times["honest"]])
    assert (first.median, second.median) == pytest.approx((4.0, 2.0))


def test_the_second_measurement_is_of_models_loaded_anew_in_the_other_order() -> None:
    first, second = Model(processor=0.001, wall=[0.001]), Model(processor=0.001, wall=[0.001])
    log: list[str] = []
    first.log = second.log = log
    loaded: Any = {"first": first, "second": second}
    orders = []
    for times in measured_twice(loaded, "serve", DATA):
        orders.append(list(times))
        assert log[:2] == ["restart", "restart"]
        assert "restart" not in log[2:]
        log.clear()

    assert orders == [["first", "second"], ["second", "first"]]


@pytest.mark.parametrize(
    ("candidate", "noise", "limit", "slower"),
    [
        (1.09, 0.0, 1.0, False),
        (1.11, 0.0, 1.0, True),
        (1.2, 0.05, 1.0, True),
        (1.2, 0.15, 1.0, False),
        (0.9, 0.0, 1.0, False),
        (1.6, 0.0, 1.5, False),
        (1.7, 0.0, 1.5, True),
        (0.54, 0.0, 0.5, False),
        (0.56, 0.0, 0.5, True),
    ],
)
def test_slower_is_what_exceeds_its_limit_by_a_tenth_beyond_the_noise(
    candidate: float, noise: float, limit: float, *, slower: bool
) -> None:
    assert is_slower(Timing(candidate, noise), Timing(1.0, 0.0), limit) is slower


def test_less_than_20_microseconds_decides_nothing() -> None:
    assert not is_slower(Timing(0.029, 0.0), Timing(0.010, 0.0))
    assert is_slower(Timing(0.031, 0.0), Timing(0.010, 0.0))


def test_of_candidates_that_are_not_certainly_slower_the_smallest_is_the_best() -> None:
    # In the order of their sizes.
    quick, slow, doubtful, tiny = (Timing(time, 0.0) for time in (1.0, 1.5, 1.05, 0.9995))
    assert rank_by_time([[slow, doubtful, quick]] * 2) == [1, 2, 0]
    assert rank_by_time([[slow, quick], [doubtful, quick]]) == [0, 1]
    assert rank_by_time([[quick, tiny]] * 2) == [0, 1]
    assert rank_by_time([[Timing(0.019, 0.0), Timing(0.002, 0.0)]] * 2) == [0, 1]


def test_without_a_processor_clock_all_are_compared_by_the_wall() -> None:
    wall, processor = Timing(3.0, 0.1), Timing(2.0, 0.1)
    assert comparable([Latency(wall, processor), Latency(wall)]) == [wall, wall]
    assert comparable([Latency(wall, processor), Latency(wall, processor)]) == [processor, processor]
