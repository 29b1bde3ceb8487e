"""The parts of a report about searches and students."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from report_samples import REJECTED, accepted, job, metrics
from tensorflow_optimizer.documents.job import (
    Distillation,
    Identity,
    Location,
    Recipe,
    Search,
    Source,
    Student,
    StudentModel,
)
from tensorflow_optimizer.documents.outcome import Candidate, CandidateStatus, Loss, Split
from tensorflow_optimizer.documents.quantization import Quantization, QuantizationRecovery

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from report_samples import Page
    from tensorflow_optimizer.documents.outcome import Outcome

WITH_TEACHER: dict[str, Any] = {
    "accuracy": 0.975,
    "accuracy_without_teacher": 0.963,
    "teacher_gain": 0.012,
    "teacher_gain_interval": (0.002, 0.021),
}
SENTENCE = "he teacher added +1.20 points (+0.20 … +2.10, 95 %) to the 96.30 % that the same student reaches"
SEARCH = Recipe(kind="search", search=Search(objective="size"))


def outcome() -> Outcome:
    student = Candidate(name="distilled small", status=CandidateStatus.CHOSEN, metrics=metrics(38_000, **WITH_TEACHER))
    selected = REJECTED.metrics
    assert selected is not None
    rejected = REJECTED.model_copy(update={"metrics": selected.model_copy(update={"split": Split.SELECTION})})
    return accepted(candidates=[rejected, student])


def test_the_teachers_contribution_is_on_the_page_and_in_the_card(
    page: Callable[..., Page], write: Callable[..., Path]
) -> None:
    assert SENTENCE in page(job(), outcome()).text
    assert SENTENCE in (write(job(), outcome()) / "model-card.md").read_text(encoding="utf-8")
    report = json.loads((write(job(), outcome()) / "report.json").read_text(encoding="utf-8"))
    assert report["candidates"][1]["metrics"]["outputs"]["probabilities"]["teacherGain"] == 0.012


def test_a_search_says_which_samples_each_candidate_was_measured_on(page: Callable[..., Page]) -> None:
    text = page(job(recipe=SEARCH), outcome()).text
    assert "Measured on the 600 samples of the selection" in text
    assert "Measured on the 600 samples of the gate" in text
    assert "the smallest, compressed, of those that passed the selection" in text
    assert "Measured on" not in page(job(), outcome()).text


def test_a_recovery_says_what_was_selected_and_what_floats_would_reach(page: Callable[..., Page]) -> None:
    quantization = Quantization(mode="fullInteger", recover=QuantizationRecovery.WITH_TRAINING)
    figures = metrics(
        38_000,
        accuracy=0.975,
        accuracy_of_trained_floats=0.979,
        loss_to_trained_floats=Loss(value=0.004, interval=(-0.002, 0.01)),
    )
    trained = Candidate(name="fullInteger trained", status=CandidateStatus.CHOSEN, metrics=figures)
    text = page(job(recipe=Recipe(kind="steps", steps=[quantization])), accepted(candidates=[trained])).text
    assert "the one that lost least of those that passed the selection" in text
    assert "The same model in floats, trained equally long, reaches 97.90 %, +0.40 points more" in text
    assert "Measured on the 600 samples of the gate" in text


def test_the_command_that_repeats_it_names_the_given_students(page: Callable[..., Page]) -> None:
    given = StudentModel(packaging="zip", identity=Identity(digest="c" * 64))
    recipe = Recipe(kind="steps", steps=[Distillation(student=Student(given=given))])
    stored = Source(packaging="zip", identity=Identity(digest="a" * 64), location=Location(bucket="b", key="k.zip"))
    assert (
        "--evaluation work/evaluation --student work/students/00 --output out"
        in page(job(recipe=recipe, source=stored), outcome()).text
    )
