"""Recall, precision, F1, balanced accuracy, AUC and top-k of two models, and what was lost of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sample_jobs import gate, job_data
from tensorflow_optimizer.documents.job import Job, Metric, ModelTask
from tensorflow_optimizer.documents.outcome import EvidenceKind, Metrics, RuleResult
from tensorflow_optimizer.evaluation import OutputTask, class_counts, metric_losses
from tensorflow_optimizer.evaluation.chance import imbalance
from tensorflow_optimizer.evaluation.compare import compare, rate
from tensorflow_optimizer.gate import judge, plan_gate

BINARY = OutputTask(ModelTask.BINARY)
CLASSES = OutputTask(ModelTask.MULTICLASS)
LABELS = OutputTask(ModelTask.MULTILABEL)
VALUES = OutputTask(ModelTask.MULTICLASS, indices=True)
DECISIONS = OutputTask(ModelTask.BINARY, indices=True)
RECALL = Metric(name="recall", class_index=1)
SIMULATED = 200


def scores_of(decisions: Any) -> Any:
    """Return the scores of one output that decides so."""
    return np.where(np.asarray(decisions)[:, None] == 1, 0.9, 0.1).astype(np.float32)


def one_hot(decisions: Any, classes: int = 3) -> Any:
    return np.eye(classes, dtype=np.float32)[decisions]


class TestValues:
    """Figures that are computed by hand."""

    def test_of_two_classes(self) -> None:
        truth = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
        decisions = np.array([1, 1, 1, 0, 1, 0, 0, 0, 0, 0])
        asked = [Metric(name=name, class_index=1) for name in ("recall", "precision", "f1")]
        scores = rate(BINARY, scores_of(decisions), truth, asked).scores
        assert scores["recall:1"] == scores["precision:1"] == scores["f1:1"] == 0.75
        assert scores["recall"] == scores["balancedAccuracy"] == pytest.approx((3 / 4 + 5 / 6) / 2)
        assert scores["auc"] == pytest.approx((3 / 4 + 5 / 6) / 2)

    def test_of_several_classes_is_the_mean_of_those_that_the_labels_have(self) -> None:
        truth, decisions = np.array([0, 0, 0, 1, 1]), np.array([0, 0, 2, 1, 0])
        scores = rate(CLASSES, one_hot(decisions), truth, [Metric(name="accuracy")]).scores
        assert scores["recall"] == pytest.approx((2 / 3 + 1 / 2) / 2)
        assert scores["precision"] == pytest.approx((2 / 3 + 1) / 2)
        assert scores["f1"] == pytest.approx((2 / 3 + 2 / 3) / 2)
        assert scores["accuracy"] == pytest.approx(0.6)
        assert "auc" not in scores

    def test_a_class_that_is_never_decided_has_no_precision(self) -> None:
        scores = rate(CLASSES, one_hot(np.zeros(4, dtype=int)), np.array([0, 0, 1, 1]), []).scores
        assert scores["precision"] == pytest.approx((1 / 2 + 0) / 2)

    def test_of_labels_is_the_mean_over_what_they_find(self) -> None:
        truth = np.array([[1, 0], [1, 0], [0, 1], [0, 0]])
        answers = np.array([[0.9, 0.1], [0.1, 0.1], [0.1, 0.9], [0.1, 0.9]], dtype=np.float32)
        scores = rate(LABELS, answers, truth, [RECALL]).scores
        assert scores["recall"] == pytest.approx((1 / 2 + 1) / 2)
        assert scores["recall:1"] == 1
        assert scores["balancedAccuracy"] == pytest.approx((1 / 2 + 1 + 1 + 2 / 3) / 4)

    @pytest.mark.parametrize("kind", [int, bytes])
    def test_of_classes_that_are_answered_by_value(self, kind: type) -> None:
        truth, decisions = ([5, 5, 9, 9], [5, 7, 9, 9])
        values = [
            np.array(
                [kind(str(v), "ascii") if kind is bytes else v for v in entry], dtype=object if kind is bytes else None
            )
            for entry in (truth, decisions)
        ]
        scores = rate(VALUES, values[1], values[0], [Metric(name="recall", class_index=9)]).scores
        assert scores["recall"] == pytest.approx(3 / 4)
        assert ("recall:9" in scores) is (kind is int)

    def test_of_masks_counts_every_point(self) -> None:
        truth = np.array([[[0, 1], [1, 1]], [[0, 0], [1, 0]]])
        decisions = np.array([[[0, 1], [1, 0]], [[0, 0], [0, 0]]])
        assert rate(VALUES, decisions, truth, [RECALL]).scores["recall:1"] == pytest.approx(2 / 4)

    def test_the_area_under_the_curve_counts_equal_scores_by_half(self) -> None:
        truth = np.array([1, 1, 0, 0])
        answers = np.array([0.9, 0.3, 0.3, 0.1], dtype=np.float32)
        assert rate(BINARY, answers, truth, []).scores["auc"] == pytest.approx(3.5 / 4)
        two = np.stack([-answers, answers], axis=-1)
        assert rate(CLASSES, two, truth, []).scores["auc"] == pytest.approx(3.5 / 4)

    def test_the_top_k_hold_the_label_where_fewer_than_k_scores_are_greater(self) -> None:
        answers = np.array([[0.5, 0.3, 0.2], [0.2, 0.3, 0.5], [0.4, 0.4, 0.2], [np.nan, 0.1, 0.2]], dtype=np.float32)
        asked = [Metric(name="topK", k=k) for k in (1, 2, 3)]
        scores = rate(CLASSES, answers, np.array([1, 0, 1, 0]), asked).scores
        assert scores["topK:1"] == pytest.approx(1 / 4)
        assert scores["topK:2"] == pytest.approx(2 / 4)
        assert "topK:3" not in scores

    def test_a_class_without_labels_cannot_be_measured(self) -> None:
        scores = rate(CLASSES, one_hot([0, 1]), np.array([0, 1]), [Metric(name="f1", class_index=2)]).scores
        assert "f1:2" not in scores


class TestIntervals:
    """Paired: of the difference, not of each model."""

    def losses(self, before: Any, after: Any, truth: Any) -> Any:
        asked = [RECALL, Metric(name="accuracy")]
        return compare(BINARY, scores_of(before), scores_of(after), truth, seed=0, real=True, asked=asked).losses

    def test_samples_that_are_hard_for_both_models_do_not_widen_them(self) -> None:
        truth = np.repeat([1, 0], 500)
        before = truth.copy()
        before[:200] = 0
        after = before.copy()
        after[200:205] = 0
        loss = self.losses(before, after, truth)["recall:1"]
        assert loss.value == pytest.approx(0.01)
        assert 0 < loss.interval[0] < 0.01 < loss.interval[1] < 0.025

    def test_without_a_difference_they_stay_open_as_few_samples_prove_little(self) -> None:
        truth = np.repeat([1, 0], [10, 990])
        found = self.losses(truth, truth, truth)
        assert found["recall:1"].interval == pytest.approx((-1.96 / 12, 1.96 / 12), rel=1e-3)
        assert found["recall"].interval[1] == pytest.approx(1.96 / 12 / 2, rel=1e-2)

    def test_they_cover_what_resampling_the_rows_covers(self) -> None:
        random = np.random.default_rng(1)
        truth = (random.random(400) < 0.2).astype(int)
        before, after = (np.where(random.random(400) < share, truth, 1 - truth) for share in (0.95, 0.85))

        def f1(decisions: Any, rows: Any) -> float:
            right = (decisions[rows] & truth[rows]).sum()
            return float(2 * right / (decisions[rows].sum() + truth[rows].sum()))

        drawn = [random.integers(0, 400, 400) for _ in range(4000)]
        low, high = np.quantile([f1(before, rows) - f1(after, rows) for rows in drawn], [0.025, 0.975])
        asked = [Metric(name="f1", class_index=1)]
        loss = compare(BINARY, scores_of(before), scores_of(after), truth, seed=0, real=True, asked=asked).losses[
            "f1:1"
        ]
        assert loss.interval == pytest.approx((low, high), abs=0.02)

    def test_of_an_area_under_the_curve_is_made_where_it_is_asked_for(self) -> None:
        truth = np.repeat([1, 0], [50, 250])
        random = np.random.default_rng(3)
        before = (truth + random.normal(0, 0.3, 300)).clip(0, 1).astype(np.float32)
        after = np.where(np.arange(300) < 10, 0, before).astype(np.float32)
        losses = [
            compare(BINARY, before, after, truth, seed=0, real=True, asked=asked).losses
            for asked in ([], [Metric(name="auc")])
        ]
        assert "auc" not in losses[0]
        loss = losses[1]["auc"]
        assert 0.05 < loss.interval[0] < loss.value < loss.interval[1] < 0.4

    def test_blocks_of_samples_give_the_same_figures_and_similar_intervals(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        random = np.random.default_rng(2)
        truth = (random.random(4000) < 0.3).astype(int)
        before, after = (np.where(random.random(4000) < share, truth, 1 - truth) for share in (0.95, 0.93))
        exact = self.losses(before, after, truth)["recall"]
        monkeypatch.setattr(class_counts, "_MOST_NUMBERS", 1)
        blocks = self.losses(before, after, truth)["recall"]
        assert blocks.value == pytest.approx(exact.value)
        assert blocks.interval == pytest.approx(exact.interval, abs=0.004)


class TestImbalance:
    """The sentence on the labels, and the rule that is the default then."""

    @pytest.mark.parametrize(("positives", "said"), [(199, True), (200, False), (500, False), (801, True)])
    def test_of_two_classes_a_share_below_20_percent_is_rare(self, positives: int, said: bool) -> None:
        truth = np.repeat([1, 0], [positives, 1000 - positives])
        assert (imbalance(BINARY, scores_of(truth), truth) is not None) is said

    def test_of_ten_classes_an_equal_share_is_not_rare(self) -> None:
        truth = np.repeat(np.arange(10), 50)
        assert imbalance(CLASSES, one_hot(truth, 10), truth) is None
        few = truth[19:]
        assert "the class 0 has 6.44% of the samples" not in str(imbalance(CLASSES, one_hot(few, 10), few))
        rare = truth[35:]
        assert imbalance(CLASSES, one_hot(rare, 10), rare) == "the class 0 has 3.23% of the samples"

    def test_few_samples_of_each_of_many_classes_are_no_imbalance(self) -> None:
        truth = np.random.default_rng(0).integers(0, 100, 500)
        assert np.bincount(truth).min() <= 1
        assert imbalance(CLASSES, one_hot(truth, 100), truth) is None

    def test_each_of_several_labels_is_two_classes(self) -> None:
        truth = np.stack([np.arange(200) % 2, np.arange(200) < 20], axis=-1).astype(int)
        said = imbalance(LABELS, truth.astype(np.float32), truth)
        assert said == "the class 1 of the label 1 has 10.00% of the samples"


def world(seed: int) -> tuple[Any, Any, Any]:
    """Return labels of 1,000 rows, 90 of them positive, and decisions with a recall of 0.81."""
    random = np.random.default_rng(seed)
    truth = np.repeat([1, 0], [90, 910])
    before = np.where(random.random(1000) < np.where(truth == 1, 0.81, 0.97), truth, 1 - truth)
    return truth, before, random


def judged(truth: Any, before: Any, after: Any, rules: dict[str, Any] | None = None) -> list[RuleResult]:
    """Return what the gate says of a candidate, as in a job."""
    output = {"y": compare(DECISIONS, before, after, truth, seed=0, real=True)}
    plan = plan_gate(
        Job.model_validate(job_data(gate=rules)),
        {"y": DECISIONS},
        {"y"},
        EvidenceKind.LABELS,
        set(),
        imbalanced={"y"} if imbalance(DECISIONS, before, truth) else frozenset(),
        measured={"y": output["y"].scores},
    )
    metrics = Metrics(evidence=EvidenceKind.LABELS, samples=len(truth), outputs=output, size_bytes=1)
    return judge(plan, metrics, lambda _: False)


def refusals(change: Any) -> int:
    count = 0
    for seed in range(SIMULATED):
        truth, before, random = world(seed)
        (result,) = judged(truth, before, change(truth, before, random))
        assert (result.rule, result.metric, result.limit) == ("maxLoss", "balancedAccuracy", 0.02)
        count += not result.passed
    return count


def noise(_: Any, before: Any, random: Any) -> Any:
    """Change 1 % of the decisions at random."""
    after = before.copy()
    rows = random.choice(1000, 10, replace=False)
    after[rows] = 1 - after[rows]
    return after


def missed(truth: Any, before: Any, random: Any) -> Any:
    """Miss ten of 100 positives, of those that were found."""
    after = before.copy()
    after[random.choice(np.flatnonzero((truth == 1) & (before == 1)), 9, replace=False)] = 0
    return after


@pytest.mark.slow
def test_the_default_gate_refuses_a_recall_that_fell_by_ten_points_and_no_noise() -> None:
    assert refusals(noise) <= 4
    assert refusals(missed) >= 195
    assert refusals(lambda truth, before, random: noise(truth, missed(truth, before, random), random)) >= 195


def test_accuracy_would_have_passed_what_the_default_refuses() -> None:
    truth, before, random = world(0)
    after = missed(truth, before, random)
    (result,) = judged(truth, before, after, gate(("maxAccuracyLoss", 0.01)))
    assert result.passed
    (result,) = judged(truth, before, after)
    assert not result.passed
    assert result.sentence.startswith("loss of balanced accuracy of 'y' 0.05 (95 %: 0.0")
    assert result.sentence.endswith("allowed at most 0.02")


class TestConfusion:
    """Matrices of labels and decisions."""

    def test_has_a_row_for_each_label_and_a_column_for_each_decision(self) -> None:
        truth, decisions = np.array([0, 0, 1, 2]), np.array([0, 1, 1, 0])
        confusion = rate(CLASSES, one_hot(decisions), truth).confusion
        assert confusion is not None
        assert confusion.classes == [0, 1, 2]
        assert confusion.counts == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]

    def test_has_a_column_more_where_a_decision_is_no_class(self) -> None:
        confusion = rate(VALUES, np.array([5, 7, 9]), np.array([5, 5, 9])).confusion
        assert confusion is not None
        assert (confusion.classes, confusion.counts) == ([5, 9], [[1, 0, 1], [0, 1, 0]])

    def test_counts_every_point_of_masks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(metric_losses, "_DECISIONS_AT_ONCE", 3)
        random = np.random.default_rng(0)
        truth, decisions = random.integers(0, 2, (2, 7, 2, 2))
        confusion = rate(VALUES, decisions, truth).confusion
        assert confusion is not None
        assert confusion.counts == [[int(((truth == a) & (decisions == b)).sum()) for b in (0, 1)] for a in (0, 1)]

    def test_is_left_out_for_many_classes_and_for_several_labels(self) -> None:
        truth = np.arange(21)
        assert rate(CLASSES, one_hot(truth, 21), truth).confusion is None
        assert "recall:3" not in rate(CLASSES, one_hot(truth, 21), truth).scores
        both = np.array([[0, 1], [1, 0]])
        assert rate(LABELS, both.astype(np.float32), both).confusion is None
        assert rate(LABELS, both.astype(np.float32), both).scores["recall:1"] == 1
