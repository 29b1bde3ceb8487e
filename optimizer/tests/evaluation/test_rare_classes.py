"""Rejection of a candidate that no longer decides, where only few samples would show it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sample_jobs import job_data
from tensorflow_optimizer.candidates.evaluator import CandidateEvaluator, warn_of_rare_classes
from tensorflow_optimizer.data import Dataset
from tensorflow_optimizer.documents.job import Job
from tensorflow_optimizer.documents.outcome import Candidate, EvidenceKind, Metrics
from tensorflow_optimizer.evaluation import answers_of, infer_tasks
from tensorflow_optimizer.gate import plan_gate
from tensorflow_optimizer.processes.progress import Progress
from tensorflow_optimizer.reference.measure import Reference
from tensorflow_optimizer.report.junit import render_junit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROWS, POSITIVES = 1000, 10
Body = "Callable[[Any], Any]"


class Scores:
    """A model of one output: a function of its input."""

    def __init__(self, body: Callable[[Any], Any]) -> None:
        self._body = body

    def run(self, _: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        return {"y": self._body(inputs["x"]).astype(np.float32)}

    def close(self) -> None:
        """Hold nothing."""


def knows(x: Any) -> Any:
    """Find the rare class in each column, where the input is above 1."""
    return np.where(x > 1, 0.9, 0.1)


def knows_nothing(x: Any) -> Any:
    """Always say no."""
    return np.full_like(x, 0.1)


def knows_half(x: Any) -> Any:
    """Find the half of it."""
    return np.where(x > 2, 0.9, 0.1)


def samples(columns: int) -> tuple[Any, Any]:
    """Return inputs and labels with 1 % positives in each column; the model misses two of them."""
    x = np.random.default_rng(3).uniform(0, 0.9, (ROWS, columns)).astype(np.float32)
    for column in range(columns):
        rows = np.random.default_rng(column).permutation(ROWS)[:POSITIVES]
        x[rows, column] = np.linspace(1.1, 3, POSITIVES)
    labels = (x > 1).astype(np.int64)
    for column in range(columns):
        x[np.flatnonzero(labels[:, column])[:2], column] = 0.5
    return x, labels


def evaluator_of(columns: int, *, labelled: bool = True, loss: float | None = None) -> CandidateEvaluator:
    x, labels = samples(columns)
    dataset = Dataset({"x": x}, batched=True, labels={"y": labels} if labelled else {})
    original = Scores(knows)
    answers = answers_of(original, "s", dataset)
    tasks = infer_tasks(answers, dataset.labels, {}, None)
    evidence = EvidenceKind.LABELS if labelled else EvidenceKind.UNLABELLED
    rules = {} if loss is None else {"gate": {"rules": [{"rule": "maxAccuracyLoss", "value": loss}]}}
    plan = plan_gate(Job.model_validate(job_data(**rules)), tasks, set(dataset.labels), evidence, {"y"})
    nothing = dataset.take(np.arange(0))
    metrics = Metrics(evidence=evidence, samples=ROWS, outputs={}, size_bytes=1)
    reference = Reference(
        original, "s", evidence, nothing, nothing, nothing, {"s": dataset}, {"s": answers}, {"s": tasks}, metrics, 32, 0
    )
    return CandidateEvaluator(reference, plan, None)


def evaluated(evaluator: CandidateEvaluator, body: Callable[[Any], Any]) -> Candidate:
    loaded = SimpleNamespace(runner=Scores(body), signatures=["s"], size_bytes=1, compressed_bytes=1, timed=True)
    return evaluator.evaluate("candidate", loaded)


@pytest.mark.parametrize(("columns", "task"), [(1, "binary"), (6, "multilabel")])
@pytest.mark.parametrize("labelled", [True, False])
def test_a_candidate_that_never_finds_the_rare_class_is_rejected(columns: int, task: str, *, labelled: bool) -> None:
    candidate = evaluated(evaluator_of(columns, labelled=labelled), knows_nothing)
    assert candidate.metrics is not None
    figures = candidate.metrics.outputs["y"]
    assert figures.task.startswith(task)
    # The rule of the gate alone would have let it pass.
    assert [rule.passed for rule in candidate.rules] == [True, False]
    assert candidate.status == "rejected"
    assert "its output 'y' always decides 0 (Cohen's kappa 0), and the original does not" in candidate.reason
    if labelled:
        assert figures.accuracy is not None
        assert figures.accuracy >= 0.99
        assert figures.balanced_accuracy == 0.5


@pytest.mark.parametrize("columns", [1, 6])
@pytest.mark.parametrize("body", [knows, knows_half])
def test_a_candidate_that_still_finds_some_of_it_is_judged_only_by_the_gate(
    columns: int, body: Callable[[Any], Any]
) -> None:
    candidate = evaluated(evaluator_of(columns), body)
    assert (candidate.status, candidate.reason) == ("passed", "")
    assert len(candidate.rules) == 1


def test_a_candidate_that_predicts_yes_at_random_is_rejected_as_well() -> None:
    # Ten times yes, all of them wrong.
    candidate = evaluated(evaluator_of(1, loss=0.5), lambda x: np.where((x > 0.4) & (x < 0.41), 0.9, 0.1))
    assert candidate.status == "rejected"
    assert "decides no better than chance" in candidate.reason


def test_the_rejection_is_a_failed_test_of_the_build() -> None:
    candidate = evaluated(evaluator_of(1), knows_nothing)
    report = SimpleNamespace(
        job=SimpleNamespace(model="m"), exit_code=3, sentence="none passed", candidates=[candidate]
    )
    assert "always decides 0" in render_junit(report).decode()  # type: ignore[arg-type]  # it has all that is read


@pytest.mark.parametrize(("loss", "warned"), [(None, True), (0.011, True), (0.009, False)])
def test_a_gate_that_allows_the_loss_of_a_whole_class_gives_a_warning(loss: float | None, *, warned: bool) -> None:
    progress = Progress()
    warn_of_rare_classes(evaluator_of(1, loss=loss), progress)
    assert len(progress.warnings) == warned
    if warned:
        assert "and the class 1 is only 1.00% of the labels" in progress.warnings[0]


def test_there_is_no_warning_without_labels() -> None:
    progress = Progress()
    warn_of_rare_classes(evaluator_of(1, labelled=False), progress)
    assert not progress.warnings
