"""The report's tables of classes: what each lost, and the confusion matrix of both models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import report_samples as sample
from tensorflow_optimizer.documents.job import ModelTask
from tensorflow_optimizer.documents.outcome import RuleResult
from tensorflow_optimizer.evaluation import OutputTask
from tensorflow_optimizer.evaluation.compare import compare, rate

if TYPE_CHECKING:
    from collections.abc import Callable

    from report_samples import Page

    MakePage = Callable[..., Page]

TASK = OutputTask(ModelTask.BINARY, indices=True)
TRUTH = np.repeat([1, 0], [90, 910])


def shown(page: MakePage, after: Any, rule: str | None = None, **job: Any) -> Page:
    before = TRUTH.copy()
    before[:10] = 0
    original = sample.ORIGINAL.model_copy(update={"outputs": {"fraud": rate(TASK, before, TRUTH)}})
    figures = compare(TASK, before, after(before), TRUTH, seed=0, real=True)
    assert sample.CHOSEN.metrics is not None
    metrics = sample.CHOSEN.metrics.model_copy(update={"outputs": {"fraud": figures}})
    judged = RuleResult(rule="maxLoss", limit=0.1, measured=0.05, passed=True, sentence="", output="fraud", metric=rule)
    chosen = sample.CHOSEN.model_copy(update={"metrics": metrics, "rules": [judged] if rule else []})
    return page(sample.job(**job), sample.accepted(original=original, candidates=[chosen]), sample.draft())


def missing_nine_more(before: Any) -> Any:
    after = before.copy()
    after[10:19] = 0
    return after


def test_each_class_has_its_loss_with_its_samples_and_interval(page: MakePage) -> None:
    found = shown(page, missing_nine_more, labels=["honest", "fraud"])
    (row,) = [row for row in found.rows if row.startswith("recall of fraud")]
    assert row.startswith("recall of fraud 90 88.89 % 78.89 % +10.00 +4.")
    assert any(row.startswith("balanced accuracy 94.44 % 89.44 % +5.00") for row in found.rows)
    assert any(row.startswith("F1 ") for row in found.rows)


def test_the_confusion_matrix_shows_both_models_and_marks_what_differs_by_text(page: MakePage) -> None:
    found = shown(page, missing_nine_more)
    rows = [row for row in found.rows if row.startswith("class ")]
    assert rows == ["class 0 910 0 ", "class 1 10 → 19 80 → 71 "]
    assert "Label decided class 0 decided class 1 " in found.rows
    assert "decisions of the original → of float16" in found.text


def test_the_headline_names_the_metric_that_the_gate_judged(page: MakePage) -> None:
    found = shown(page, missing_nine_more, rule="balancedAccuracy")
    assert "balanced accuracy 89.44 % from 94.44 %" in found.text
    assert "accuracy 98.10 % from" not in found.text
    assert "accuracy 98.10 % from 99.00 %" in shown(page, missing_nine_more).text


def test_without_labels_there_is_no_such_table(page: MakePage) -> None:
    found = page(sample.job(), sample.accepted(), sample.draft())
    assert "Confusion" not in found.text
    assert "Metrics and classes" not in found.text
