"""The ranking of candidates that differ only in how exact they are."""

from __future__ import annotations

from typing import Any

import pytest
from tensorflow_optimizer.candidates.trial import Trial
from tensorflow_optimizer.documents.job import Metric, MetricName, Rule
from tensorflow_optimizer.documents.outcome import (
    Candidate,
    CandidateStatus,
    EvidenceKind,
    Loss,
    Metrics,
    OutputMetrics,
)
from tensorflow_optimizer.gate import GatePlan
from tensorflow_optimizer.gate.gate_plan import PlannedRule
from tensorflow_optimizer.search.ranking import ByQuality

BALANCED = MetricName.BALANCED_ACCURACY.value


def candidate(name: str, **outputs: dict[str, Any]) -> Candidate:
    found = {key.replace("__", "/"): OutputMetrics(task="multiclass", **figures) for key, figures in outputs.items()}
    metrics = Metrics(evidence=EvidenceKind.LABELS, samples=1, outputs=found, size_bytes=1)
    return Candidate(name=name, status=CandidateStatus.PASSED, metrics=metrics)


def balanced(loss: float) -> dict[str, Loss]:
    return {BALANCED: Loss(value=loss, interval=(loss, loss))}


def ranked(*candidates: Candidate, metric: MetricName | None = None) -> tuple[list[str], str]:
    rule = Rule(rule="maxLoss", value=1, metric=Metric(name=metric)) if metric else Rule(rule="maxSizeBytes", value=1)
    ranking = ByQuality(GatePlan([PlannedRule(rule)], strict=False), ["y", "z"], 3)
    unread: Any = None  # neither how it was built nor the model
    best, *others = ranking.ranked([Trial(unread, unread, entry) for entry in candidates])
    names = [entry.candidate.name for entry in (best, *others)]
    return names, ranking.why_not(others[0].candidate, best.candidate)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"y": {"accuracy_loss": 0.02}}, {"y": {"accuracy_loss": 0.01}}),
        (
            {"y": {"accuracy_loss": 0.0}, "z": {"agreement": 0.9}},
            {"y": {"accuracy_loss": 0.05}, "z": {"agreement": 1.0}},
        ),
        ({"y": {"error_increase": 0.2}}, {"y": {"error_increase": -0.1}}),
        # Prefer nearer numbers among equal decisions.
        (
            {"y": {"accuracy_loss": 0.0, "relative_error": 0.2}},
            {"y": {"accuracy_loss": 0.0, "relative_error": 0.1}},
        ),
        # Another signature answered generated inputs.
        (
            {"y": {"accuracy_loss": 0.02}, "embed__e": {"relative_error": 0.3}},
            {"y": {"accuracy_loss": 0.01}, "embed__e": {"relative_error": 0.4}},
        ),
    ],
)
def test_what_lost_least_at_its_worst_output_is_the_best(first: dict[str, Any], second: dict[str, Any]) -> None:
    assert ranked(candidate("first", **first), candidate("second", **second))[0] == ["second", "first"]


def test_of_equals_the_one_that_was_tried_first_is_the_best() -> None:
    equals = [candidate(name, y={"accuracy_loss": 0.01}) for name in "ab"]
    assert ranked(*equals) == (["a", "b"], "a passed as well and lost no more: 1.00%")


def test_the_metric_of_the_gate_counts_where_there_is_one() -> None:
    first = candidate("first", y={"accuracy_loss": 0.01, "losses": balanced(0.2)})
    second = candidate("second", y={"accuracy_loss": 0.03, "losses": balanced(0.1)})
    assert ranked(first, second)[0] == ["first", "second"]
    names, why = ranked(first, second, metric=MetricName.BALANCED_ACCURACY)
    assert (names, why) == (["second", "first"], "second passed as well and lost less: 10.00% instead of 20.00%")
