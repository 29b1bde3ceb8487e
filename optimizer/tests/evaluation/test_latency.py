"""The spread of a latency, and of the ratio of two."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import pytest
from tensorflow_optimizer.evaluation import Timing, interleaved_latency, latency_ratio
from tensorflow_optimizer.evaluation import latency as module


def test_the_ratio_has_the_relative_spread_of_both_medians() -> None:
    # 3 % of one and 4 % of the other are 5 % of the ratio.
    ratio, interval = latency_ratio(Timing(2.0, 0.06), Timing(4.0, 0.16))

    assert ratio == 0.5
    assert interval == pytest.approx((0.475, 0.525))


def test_a_ratio_is_not_below_zero_however_noisy() -> None:
    assert latency_ratio(Timing(1.0, 3.0), Timing(1.0, 0.0)) == (1.0, (0.0, 4.0))


def test_equal_times_have_no_spread_and_scattered_ones_have(monkeypatch: pytest.MonkeyPatch) -> None:
    # Two readings of the clock for each call, in turns: the steady runner takes 1 ms, the other one 1 and 3 ms.
    steps = itertools.cycle([0.0, 0.001, 0.0, 0.001, 0.0, 0.001, 0.0, 0.003])
    # The first reading sets the end of the measurement.
    clock = itertools.accumulate(itertools.chain([0.0], steps))
    monkeypatch.setattr(module, "_BUDGET_SECONDS", 0.0)
    monkeypatch.setattr(module, "_MINIMUM_ROUNDS", 16)
    monkeypatch.setattr(module, "_MAXIMUM_ROUNDS", 16)
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(clock))
    runner: Any = SimpleNamespace(run=lambda *_: {})
    dataset: Any = SimpleNamespace(count=4, call=lambda *_: {})

    times = interleaved_latency({"steady": runner, "scattered": runner}, "serve", dataset)

    assert times["steady"].noise == pytest.approx(0.0, abs=1e-9)
    assert times["scattered"].median > times["steady"].median
    assert times["scattered"].noise == pytest.approx(2 * 1.4826 * 1.2533 * 1.0 / 4)
