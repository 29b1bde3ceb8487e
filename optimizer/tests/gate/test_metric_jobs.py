"""Jobs whose gate is on the metrics of classes, from the data to what is published or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sample_functions import dense_data
from sample_jobs import DYNAMIC_RANGE

if TYPE_CHECKING:
    from pathlib import Path

    from sample_jobs import Runs
    from sample_models import SampleModels

PRUNED = {"kind": "steps", "steps": [{"step": "pruning", "sparsity": 0.9, "schedule": "atOnce"}]}


@pytest.fixture(scope="module")
def rare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data of four classes, one of them with 5 % of the rows."""
    features, labels = dense_data(1600)
    rows = np.concatenate([np.flatnonzero(labels != 3)[:760], np.flatnonzero(labels == 3)[:40]])
    file = tmp_path_factory.mktemp("rare") / "rare.npz"
    np.savez(file, features=features[rows], labels=labels[rows])
    return file


def loss(metric: dict[str, Any], value: float) -> dict[str, Any]:
    return {"rules": [{"rule": "maxLoss", "value": value, "metric": metric}]}


def test_with_a_rare_class_the_default_is_on_balanced_accuracy(
    runs: Runs, models: SampleModels, rare: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        result = runs(models.dense, rare, recipe=DYNAMIC_RANGE)
    (rule,) = result.published.gate_results
    assert (rule.rule, rule.metric, rule.limit, rule.output) == ("maxLoss", "balancedAccuracy", 0.02, "probabilities")
    assert result.published.gate is not None
    assert [rule.metric.key for rule in result.published.gate.rules if rule.metric] == ["balancedAccuracy"]
    assert (
        "output 'probabilities': the class 3 has 5.00% of the samples, so that the gate is on balanced" in caplog.text
    )


def test_a_candidate_that_loses_a_class_is_refused_with_the_metric_and_its_interval(
    runs: Runs, models: SampleModels, rare: Path
) -> None:
    result = runs(models.dense, rare, recipe=PRUNED, gate=loss({"name": "recall", "classIndex": 3}, 0.05))
    assert result.code == 3, result.sentence
    (candidate,) = result.outcome.candidates
    assert candidate.metrics is not None
    figures = candidate.metrics.outputs["probabilities"]
    lost, before = figures.losses["recall:3"], result.outcome.original
    assert before is not None
    assert lost.value == pytest.approx(before.outputs["probabilities"].scores["recall:3"] - figures.scores["recall:3"])
    assert lost.interval[0] > 0
    assert "loss of recall of the class 3 of 'probabilities'" in result.sentence


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ({"name": "recall", "classIndex": 7}, "samples with this class as their label"),
        ({"name": "auc"}, "area under the ROC curve, which the labelled outputs do not have .*scores of two classes"),
        ({"name": "topK", "k": 4}, "scores of more than k classes"),
        ({"name": "f1", "output": "scores"}, "of the output 'scores', but the outputs with labels are 'probabilities'"),
        ({"name": "meanAbsoluteError"}, "it needs a regression"),
    ],
)
def test_a_metric_that_the_data_cannot_show_ends_the_job_with_what_it_needs(
    runs: Runs, models: SampleModels, rare: Path, metric: dict[str, Any], words: str
) -> None:
    import re

    result = runs(models.dense, rare, recipe="none", gate=loss(metric, 0.01))
    assert result.code == 2
    assert re.search(words, result.sentence), result.sentence


def test_a_metric_without_labels_ends_the_job(runs: Runs, models: SampleModels) -> None:
    result = runs(models.dense, models.unlabelled, recipe="none", gate=loss({"name": "f1"}, 0.01))
    assert result.code == 2
    assert "loss of F1, which needs evaluation data with labels" in result.sentence
