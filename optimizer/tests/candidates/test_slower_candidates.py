"""The default recipe publishes no candidate that is slower than float32, unless that is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sample_jobs import DYNAMIC_RANGE, gate
from tensorflow_optimizer.candidates import evaluator
from tensorflow_optimizer.evaluation import Latency, Timing, latency
from tensorflow_optimizer.pipeline import litert_format

if TYPE_CHECKING:
    from collections.abc import Callable

    from sample_jobs import Runs
    from sample_models import SampleModels


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Replace the clock: each measurement has the next of these latencies, in float32's; the last one stays."""

    def replace(*ratios: float, noise: float = 0.01, unit: float = 1.0) -> None:
        left = list(ratios)

        def measured(runners: dict[str, Any], *_: Any) -> dict[str, Latency]:
            ratio = left.pop(0) if len(left) > 1 else left[0]
            times = {"candidate": Timing(ratio * unit, ratio * noise * unit), "baseline": Timing(unit, noise * unit)}
            return {name: Latency(Timing(99.0, 0.0), times[name]) for name in runners}

        for place in (evaluator, latency):
            monkeypatch.setattr(place, "interleaved_latency", measured)

    return replace


def test_candidates_that_are_slower_make_room_for_float32(
    runs: Runs, models: SampleModels, timed: Callable[..., None]
) -> None:
    timed(1.3)
    result = runs(models.dense, models.labelled)
    assert result.statuses == {"dynamicRange": "rejected", "float16": "rejected", "float32": "chosen"}
    rejected = result.outcome.candidates[0]
    assert rejected.reason.startswith("slower than float32: 1.3 times its latency (95 %: 1.28 to 1.32)")
    assert [(rule.rule, rule.passed) for rule in rejected.rules] == [("maxAccuracyLoss", True), ("notSlower", False)]


@pytest.mark.parametrize(
    ("ratios", "noise", "unit"),
    [
        ((1.05,), 0.001, 1.0),
        ((1.3,), 0.2, 1.0),
        ((0.7,), 0.01, 1.0),
        ((1.3, 1.0), 0.01, 1.0),
        ((1.3, 1.3, 1.0), 0.01, 1.0),
        ((5.0,), 0.001, 0.0049),
    ],
    ids=[
        "by less than a tenth",
        "within the noise",
        "faster",
        "slower when it is evaluated, and not in the first of two measurements",
        "slower in the first of two measurements only",
        "by less than 20 µs",
    ],
)
def test_the_smallest_candidate_is_published_where_it_is_not_certainly_slower(
    runs: Runs, models: SampleModels, timed: Callable[..., None], ratios: tuple[float, ...], noise: float, unit: float
) -> None:
    timed(*ratios, noise=noise, unit=unit)
    assert runs(models.dense, models.labelled).statuses["dynamicRange"] == "chosen"


@pytest.mark.parametrize(
    ("limit", "ratios", "code"),
    [(1.0, (1.05,), 0), (1.0, (1.3, 1.3, 1.0), 0), (1.0, (1.3,), 3), (0.5, (0.54,), 0), (0.5, (0.6,), 3)],
)
def test_a_limit_on_the_latency_is_broken_where_that_is_certain(
    runs: Runs, models: SampleModels, timed: Callable[..., None], limit: float, ratios: tuple[float, ...], code: int
) -> None:
    timed(*ratios)
    asked = gate(("maxLatencyRatio", limit))
    assert runs(models.dense, models.labelled, recipe=DYNAMIC_RANGE, gate=asked).code == code


def test_a_limit_on_the_latency_asks_for_a_slower_candidate(
    runs: Runs, models: SampleModels, timed: Callable[..., None]
) -> None:
    timed(1.3)
    asked = gate(("maxLatencyRatio", 1.5))
    assert runs(models.dense, models.labelled, gate=asked).statuses["dynamicRange"] == "chosen"


def test_a_model_of_any_size_is_compared_with_float32(
    runs: Runs, models: SampleModels, timed: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in (evaluator, litert_format):
        monkeypatch.setattr(place, "RESTS_ABOVE_BYTES", 0)
    timed(1.3)
    result = runs(models.dense, models.labelled)
    assert result.statuses == {"dynamicRange": "rejected", "float16": "rejected", "float32": "chosen"}


def test_a_recipe_of_named_steps_is_published_as_asked(
    runs: Runs, models: SampleModels, timed: Callable[..., None]
) -> None:
    timed(1.3)
    assert runs(models.dense, models.labelled, recipe=DYNAMIC_RANGE).statuses == {"dynamicRange": "chosen"}
