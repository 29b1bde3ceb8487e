"""Frequency of wrong decisions over all features."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from drift_samples import answers_of, inputs_of, observed_of, profile_of
from tensorflow_optimizer.documents.drift import DriftVerdict
from tensorflow_optimizer.drift import Thresholds, compare

if TYPE_CHECKING:
    from tensorflow_optimizer.documents.drift import DriftReport

pytestmark = pytest.mark.slow

#: Drifted as soon as chance is excluded: the size of the difference does not count.
ANY_SIZE = Thresholds(stability_index=0.0)


def report_of(
    seed: int,
    *,
    count: int = 500,
    shift: float = 0.0,
    scale: float = 1.0,
    shares: tuple[float, ...] | None = None,
    thresholds: Thresholds | None = None,
) -> DriftReport:
    random = np.random.default_rng(seed)
    profile = profile_of(inputs_of(random, 600), answers_of(random, 600))
    inputs = inputs_of(random, count, shift=shift)
    inputs["image"] = (inputs["image"] * np.float32(scale)).astype(np.float32)
    answers = answers_of(random, count, shares) if shares else answers_of(random, count)
    return compare(profile, observed_of(profile, inputs, answers), thresholds or Thresholds())


@pytest.mark.parametrize(("count", "first_seed"), [(200, 0), (600, 10_000)])
def test_at_most_one_of_a_hundred_comparisons_without_drift_alarms(count: int, first_seed: int) -> None:
    runs = 200
    reports = [report_of(first_seed + seed, count=count, thresholds=ANY_SIZE) for seed in range(runs)]
    assert all(len(report.features) == 19 for report in reports)
    # Without the stability index the test of significance alone must hold the limit.
    alarms = sum(report.verdict is DriftVerdict.DRIFTED for report in reports)
    assert alarms <= runs // 100


@pytest.mark.parametrize(
    ("drift", "where"),
    [
        ({"shift": 0.6}, "input amounts"),
        ({"shares": (0.1, 0.25, 0.2, 0.1, 0.35)}, "output scores class"),
        ({"scale": 255.0}, "input image"),
        ({"scale": 1 / 255}, "input image"),
    ],
    ids=["mean", "classes", "times 255", "divided by 255"],
)
def test_drift_is_found_where_it_is(drift: dict[str, object], where: str) -> None:
    reports = [report_of(seed, count=300, **drift) for seed in range(20)]  # type: ignore[arg-type]  # each value has the type of its parameter
    found = [report for report in reports if report.verdict is DriftVerdict.DRIFTED]
    assert len(found) >= 19
    assert all(feature.name.startswith(where) for report in found for feature in report.drifted)


def test_a_small_difference_that_many_samples_prove_is_no_drift() -> None:
    report = report_of(1, count=5000, shift=0.12)
    small = next(feature for feature in report.features if feature.name == "input amounts[0]")
    assert small.p_value < 0.005
    assert small.population_stability_index < 0.2
    assert report.verdict is DriftVerdict.NO_DRIFT


def test_a_few_samples_are_not_enough_however_different() -> None:
    report = report_of(2, count=199, scale=255.0)
    assert report.verdict is DriftVerdict.NOT_ENOUGH
    assert report.features == []
    assert report.sentence == "not enough samples for a decision: 199 were captured, and 200 are needed"
