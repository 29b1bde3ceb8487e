"""The default recipe publishes no candidate that is slower than float32, unless that is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sample_jobs import DYNAMIC_RANGE, gate
from tensorflow_optimizer.candidates import evaluator
from tensorflow_optimizer.evaluation import Timing

if TYPE_CHECKING:
    from collections.abc import Callable

    from sample_jobs import Runs
    from sample_models import SampleModels


@pytest.fixture(autouse=True)
def no_candidate_is_slower() -> None:
    """Judge the time here, as a job does."""


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Replace the clock: each measurement has the next of these latencies, in float32's; the last one stays."""

    def replace(*ratios: float, noise: float = 0.01) -> None:
        left = list(ratios)

        def measured(runners: dict[str, Any], *_: Any) -> dict[str, Timing]:
            ratio = left.pop(0) if len(left) > 1 else left[0]
            times = {"candidate": Timing(ratio, ratio * noise), "baseline": Timing(1.0, noise)}
            return {name: times[name] for name in runners}

        monkeypatch.setattr(evaluator, "interleaved_latency", measured)

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
    ("ratios", "noise"),
    [((1.05,), 0.05), ((0.7,), 0.01), ((1.3, 1.0), 0.01)],
    ids=["within the noise", "faster", "slower in the first of two measurements only"],
)
def test_the_smallest_candidate_is_published_where_it_is_not_slower(
    runs: Runs, models: SampleModels, timed: Callable[..., None], ratios: tuple[float, ...], noise: float
) -> None:
    timed(*ratios, noise=noise)
    assert runs(models.dense, models.labelled).statuses["dynamicRange"] == "chosen"


def test_a_limit_on_the_latency_asks_for_a_slower_candidate(
    runs: Runs, models: SampleModels, timed: Callable[..., None]
) -> None:
    timed(1.3)
    asked = gate(("maxLatencyRatio", 1.5))
    assert runs(models.dense, models.labelled, gate=asked).statuses["dynamicRange"] == "chosen"


def test_a_recipe_of_named_steps_is_published_as_asked(
    runs: Runs, models: SampleModels, timed: Callable[..., None]
) -> None:
    timed(1.3)
    assert runs(models.dense, models.labelled, recipe=DYNAMIC_RANGE).statuses == {"dynamicRange": "chosen"}
