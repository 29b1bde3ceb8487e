"""The report for programs, for CodeBuild's console, and for whoever gets the model."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
import report_samples as sample
from tensorflow_optimizer.documents.job import Distillation, Identity, Location, Recipe, Source, Student, StudentModel
from tensorflow_optimizer.documents.outcome import (
    Candidate,
    CandidateStatus,
    EvidenceKind,
    Outcome,
    OutputMetrics,
    RuleResult,
)
from tensorflow_optimizer.errors import ExitCode
from tensorflow_optimizer.publishing.summary import summarize
from tensorflow_optimizer.report import figures
from tensorflow_optimizer.report.content import Report
from tensorflow_optimizer.report.loss import front_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tensorflow_optimizer.documents.job import Job

    Write = Callable[..., Path]


def test_report_json_says_the_same_as_data(write: Write) -> None:
    text = (write(sample.job(), sample.accepted(), sample.draft()) / "report.json").read_text(encoding="utf-8")

    report = Report.model_validate_json(text)
    assert report.candidates == [sample.REJECTED, sample.CHOSEN, sample.SKIPPED]
    assert json.loads(text)["verdict"] == "accepted"
    assert report.chosen == "float16"
    assert report.front == ["dynamicRange", "float16"]
    assert report.job == sample.job()
    assert report.source == sample.draft().source


def reproduction(write: Write, job: Job) -> list[str]:
    return Report.model_validate_json((write(job, sample.accepted()) / "report.json").read_text()).reproduction


def test_files_in_a_bucket_are_fetched_again(write: Write) -> None:
    source = Source(packaging="zip", identity=Identity(digest="a" * 64), location=Location(bucket="b", key="k.zip"))

    fetch, run = reproduction(write, sample.job(source=source))

    assert fetch == "npx cdk-tensorflow fetch --config job.json --directory work"
    assert run.startswith("npx cdk-tensorflow run --config job.json --source work/source --evaluation work")


def test_files_without_a_location_are_named_by_their_digest(write: Write) -> None:
    given = StudentModel(packaging="file", file_name="my student.keras", identity=Identity(digest="c" * 64))
    recipe = Recipe(kind="steps", steps=[Distillation(student=Student(given=given))])

    assert reproduction(write, sample.job(recipe=recipe)) == [
        f"# source/ has the digest {'a' * 64}",
        f"# e.npz has the digest {'b' * 64}",
        f"# my student.keras has the digest {'c' * 64}",
        (
            "npx cdk-tensorflow run --config job.json --source source/ --evaluation e.npz "
            "--student 'my student.keras' --output out"
        ),
    ]


def test_nothing_is_chosen_in_a_build_that_failed(write: Write) -> None:
    outcome = sample.accepted(exit_code=ExitCode.FAILED, sentence="out of disk")

    assert Report.model_validate_json((write(sample.job(), outcome) / "report.json").read_text()).chosen is None


def cases(write: Write, outcome: Outcome) -> dict[tuple[str, str], str]:
    """Return how each test case ended."""
    root = ET.fromstring((write(sample.job(), outcome) / "junit.xml").read_bytes())
    found = {}
    for suite in root.iter("testsuite"):
        assert int(suite.get("tests") or 0) == len(suite.findall("testcase"))
        assert int(suite.get("failures") or 0) == len(suite.findall("testcase/failure"))
        for case in suite.iter("testcase"):
            ended = [child.tag for child in case if child.tag in {"failure", "error", "skipped"}]
            found[case.get("classname") or "", case.get("name") or ""] = ended[0] if ended else "passed"
    return found


def test_every_rule_of_every_candidate_is_a_test_case(write: Write) -> None:
    assert cases(write, sample.accepted()) == {
        ("digits", "optimization"): "passed",
        ("digits.dynamicRange", "maxAccuracyLoss 0.01"): "failure",
        ("digits.dynamicRange", "maxSizeBytes 0.01"): "passed",
        ("digits.float16", "maxAccuracyLoss 0.01"): "passed",
        ("digits.float32", "candidate"): "skipped",
    }


def test_a_refusal_is_a_failure_and_a_breakdown_an_error(write: Write) -> None:
    broken = Candidate(name="fullInteger", status=CandidateStatus.FAILED, reason="the converter stopped")
    outcome = Outcome(exit_code=ExitCode.FAILED, sentence="out of memory", candidates=[broken])

    assert cases(write, sample.refused())["digits", "optimization"] == "failure"
    assert cases(write, outcome) == {
        ("digits", "optimization"): "error",
        ("digits.fullInteger", "candidate"): "error",
    }


def test_junit_accepts_characters_that_xml_cannot_hold(write: Write) -> None:
    outcome = Outcome(
        exit_code=ExitCode.BAD_INPUT, sentence='a\x00b <&"> \x1b[31m \ud800'.encode("utf-8", "replace").decode()
    )

    root = ET.fromstring((write(sample.job(), outcome) / "junit.xml").read_bytes())

    error = root.find("testsuite/testcase/error")
    assert error is not None
    assert error.get("message", "").startswith('a\ufffdb <&"> \ufffd[31m')


def test_the_model_card_says_what_the_model_takes_and_how_it_was_checked(write: Write) -> None:
    outcome = sample.accepted(warnings=["only 600 samples"])
    card = (write(sample.job(labels=["zero", "one"]), outcome, sample.draft()) / "model-card.md").read_text("utf-8")

    assert card.startswith("# digits\n\n**Accepted.** float16 passed")
    assert "| serving\\_default | input | image | float32 \\[?, 28, 28\\]" in card
    assert "Classes, in the order of the output: zero, one." in card
    assert "| float16 | chosen | 0.94 MB ÷2.0 | 98.30 % | 0.00 (-0.30 … +0.30) |" in card
    assert "- only 600 samples" in card


@pytest.mark.parametrize(
    ("evidence", "why"),
    [
        (EvidenceKind.GENERATED, "this model decides like the original: it was published without real data"),
        (EvidenceKind.LABELS, "all signatures of this model decide like the original's: the limits below name them"),
    ],
)
def test_the_model_card_warns_if_the_model_is_unverified(write: Write, evidence: EvidenceKind, why: str) -> None:
    chosen = sample.CHOSEN.model_copy(update={"metrics": sample.metrics(942_000, evidence=evidence)})
    outcome = sample.accepted(candidates=[chosen], unverified=True)
    directory = write(sample.job(), outcome, sample.draft(unverified=True))

    card = (directory / "model-card.md").read_text("utf-8")
    assert f"> Nothing shows that {why}." in card
    assert card.count("Nothing shows that") == 1


def test_the_front_holds_candidates_that_no_other_beats_in_both() -> None:
    def one(name: str, size: int, *losses: float) -> Candidate:
        outputs = {f"y{number}": {"error_increase": loss} for number, loss in enumerate(losses)}
        return Candidate(name=name, status=CandidateStatus.PASSED, metrics=sample.metrics(size, outputs=outputs))

    tried = [one("big", 9, 0.01), one("worse", 8, 0.1), one("small", 5, 0.05), one("tie", 5, 0.06)]
    assert front_of(tried) == ["small", "big"]
    assert front_of([*tried, one("broken at an output", 1, 0.0, math.nan)]) == ["small", "big"]
    assert front_of([sample.SKIPPED]) == []


def test_the_summary_is_one_sentence_for_the_deploy() -> None:
    assert summarize(sample.draft()) == "float16, 0.94 MB (÷2.0), accuracy 98.30 % → 98.30 %, native"
    unlabelled = sample.metrics(942_000, evidence=EvidenceKind.UNLABELLED, agreement=0.9975)
    assert "agreement 99.75 %" in summarize(sample.draft(evaluation=unlabelled))
    generated = sample.metrics(942_000, evidence=EvidenceKind.GENERATED, agreement=1.0, relative_error=0.00042)
    text = summarize(sample.draft(evaluation=generated, unverified=True, original=None))
    assert text == "float16, 0.94 MB, relative error 0.00042 on generated inputs, unverified, native"
    assert len(summarize(sample.draft(candidate="x" * 999))) <= 300


def test_the_summary_has_the_output_that_the_gate_judged_and_not_its_other_name() -> None:
    """Keras exports each model under two names, and labels are for the default one."""
    before = OutputMetrics(task="multiclass", accuracy=0.99)
    judged = OutputMetrics(task="multiclass", accuracy=0.99, accuracy_loss=0.0, relative_error=0.2)
    other_name = OutputMetrics(task="multiclass", relative_error=0.15)
    original = sample.metrics(1_884_000).model_copy(update={"outputs": {"y": before}})
    after = sample.metrics(942_000).model_copy(update={"outputs": {"y": judged, "serve/y": other_name}})
    rule = RuleResult(rule="maxAccuracyLoss", limit=0.01, measured=0.0, passed=True, sentence="", output="y")
    draft = sample.draft(original=original, evaluation=after, gate_results=[rule])
    assert "accuracy 99.00 % → 99.00 %" in summarize(draft)


@pytest.mark.parametrize(
    ("bounds", "text"),
    [
        (None, ""),
        ((0.25, 0.5), "2.00 … 4.00× faster"),
        ((1.1, 1.25), "1.10 … 1.25× slower"),
        ((0.8, 1.1), "1.25× faster … 1.10× slower"),
        ((0.0, 2.0), "too noisy to tell"),
    ],
)
def test_the_spread_of_a_latency_ratio_is_written_for_people(bounds: tuple[float, float] | None, text: str) -> None:
    assert figures.speeds(bounds) == text


def test_numbers_are_written_for_people() -> None:
    assert [figures.megabytes(size) for size in (81_500, 942_000, 513_000_000)] == ["81.5 kB", "0.94 MB", "513.00 MB"]
    assert [figures.smaller(100, 25), figures.smaller(10, 13), figures.smaller(5, 5)] == ["÷4.0", "×1.3", "same size"]
    assert [figures.speed(0.25), figures.speed(1.02), figures.speed(2)] == [
        "4.00× faster",
        "no difference",
        "2.00× slower",
    ]
    assert figures.speed(0.9, (0.8, 1.01), "float32") == "no difference to float32"
    assert figures.speed(0.98, (0.97, 0.99), "float32") == "1.02× faster than float32"
    assert figures.points(-0.00001) == "0.00"
    assert figures.points(-0.002) == "-0.20"
