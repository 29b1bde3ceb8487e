"""report.html: a person who never saw it learns what happened, and a hostile name is only text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import report_samples as sample
from tensorflow_optimizer.documents.job import Gate, ModelFormat, Recipe, Rule
from tensorflow_optimizer.documents.manifest import Batch, ImageProof, RowsTrial, RunTimes
from tensorflow_optimizer.documents.outcome import (
    Candidate,
    CandidateStatus,
    EvidenceKind,
    InputRange,
    LayerError,
    Outcome,
)
from tensorflow_optimizer.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from report_samples import Page
    from tensorflow_optimizer.documents.manifest import Draft

    MakePage = Callable[..., Page]

HOSTILE = '"><script>alert(1)</script><b onmouseover=x>'


def test_the_verdict_comes_first(page: MakePage) -> None:
    shown = page(sample.job(), sample.accepted(), sample.draft())

    assert shown.text.index("Accepted") < shown.text.index("float16 passed: 1.88 MB became 0.94 MB")
    assert shown.text.index("float16 passed:") < shown.text.index("Candidates")


def test_the_effect_of_a_rare_class_is_next_to_the_accuracy(page: MakePage) -> None:
    known = sample.metrics(475_000, accuracy=0.99, balanced_accuracy=0.5)
    outcome = sample.accepted(candidates=[sample.CHOSEN.model_copy(update={"metrics": known})])
    shown = page(sample.job(), outcome, sample.draft())

    assert "99.00 % 50.00 % balanced" in " | ".join(shown.rows)
    assert "Balanced accuracy is the mean recall" in shown.text


def test_every_candidate_has_its_figures_and_the_reason(page: MakePage) -> None:
    shown = page(sample.job(), sample.accepted(), sample.draft())

    rows = " | ".join(shown.rows)
    assert "dynamicRange rejected 0.47 MB ÷4.0 96.80 % +1.50 +0.40 … +2.70 97.20 % 0.031" in rows
    assert "3.45× faster" in rows
    assert "✗ accuracy loss 1.50 points, at most 1.00" in rows
    assert "✓ 0.48 MB, at most 1.00 MB" in rows
    assert "float16 chosen 0.94 MB ÷2.0 98.30 % 0.00 -0.30 … +0.30 100.00 %" in rows
    assert "the first of the candidates, smallest first, that meets every rule of the gate" in rows
    assert "float32 not tried – – – – – –" in rows
    assert "float16 passed before it" in rows
    assert "original as given 1.88 MB 98.30 %" in rows


def test_a_candidates_latency_has_its_spread(page: MakePage) -> None:
    measured = sample.metrics(942_000, ratio=0.31).model_copy(update={"latency_ratio_interval": (0.25, 0.4)})
    shown = page(sample.job(), sample.accepted(candidates=[sample.CHOSEN.model_copy(update={"metrics": measured})]))

    assert any("3.23× faster than float32 2.50 … 4.00× faster" in row for row in shown.rows)


@pytest.mark.parametrize(
    ("ratio", "interval", "words"),
    [(1.4, (1.3, 1.5), "on two threads 1.40× slower"), (1.1, (0.9, 1.3), "on two threads no difference")],
)
def test_a_candidates_latency_on_two_threads_is_below_that_on_one(
    page: MakePage, ratio: float, interval: tuple[float, float], words: str
) -> None:
    two_threads = {"two_threads_latency_ratio": ratio, "two_threads_latency_ratio_interval": interval}
    measured = sample.metrics(942_000, ratio=0.31).model_copy(update=two_threads)
    shown = page(sample.job(), sample.accepted(candidates=[sample.CHOSEN.model_copy(update={"metrics": measured})]))

    assert words in " | ".join(shown.rows)


def test_the_layers_of_the_chosen_candidate_have_their_errors(page: MakePage) -> None:
    layers = [
        LayerError(layer="conv/Relu", operation="CONV_2D", weights="int8", error=0.012),
        LayerError(layer=HOSTILE, operation="DEPTHWISE_CONV_2D", weights="float32", error=0.034),
    ]
    chosen = sample.CHOSEN.model_copy(update={"layers": layers})
    shown = page(sample.job(), sample.accepted(candidates=[sample.REJECTED, chosen]), sample.draft())

    rows = " | ".join(shown.rows)
    assert "conv/Relu CONV_2D int8 0.012" in rows
    assert "DEPTHWISE_CONV_2D float32 0.034" in rows
    assert "A jump is a layer to leave in float" in shown.text


def test_a_file_of_floats_has_no_errors_by_layer(page: MakePage) -> None:
    exact = [LayerError(layer="conv/Relu", operation="CONV_2D", weights="float32", error=0)]
    outcome = sample.accepted(candidates=[sample.CHOSEN.model_copy(update={"layers": exact})])
    assert "Error by layer" not in page(sample.job(), outcome, sample.draft()).text


def test_a_candidate_has_its_size_as_it_travels(page: MakePage) -> None:
    assert sample.CHOSEN.metrics is not None
    metrics = sample.CHOSEN.metrics.model_copy(update={"compressed_bytes": 610_000})
    outcome = sample.accepted(candidates=[sample.CHOSEN.model_copy(update={"metrics": metrics})])
    assert "0.61 MB compressed" in page(sample.job(), outcome, sample.draft()).text


@pytest.mark.parametrize(
    ("scale", "words"),
    [
        ("as given", "The model seems to expect them as given"),
        ("divided by 255 (then 98.0% …)", "The model seems to expect them divided by 255"),
        (None, "Labels of classes would show whether the model expects them as they are"),
    ],
)
def test_the_inputs_ranges_are_next_to_the_ranges_that_the_model_seems_to_expect(
    page: MakePage, scale: str | None, words: str
) -> None:
    inputs = {"image": InputRange(dtype="float32", minimum=0.0, maximum=255.0, mean=33.25)}
    shown = page(sample.job(), sample.accepted(inputs=inputs, expected_scale=scale), sample.draft())
    assert "image float32 0 255 33.2" in " | ".join(shown.rows)
    assert words in shown.text


def test_the_page_is_self_contained_and_well_formed(page: MakePage) -> None:
    shown = page(sample.job(), sample.accepted(), sample.draft())

    assert shown.unclosed == []
    assert shown.loads == []
    assert "script" not in shown.tags
    assert "link" not in shown.tags


@pytest.mark.parametrize(
    ("outcome", "headline"),
    [
        (sample.refused(), "Refused by the quality gate"),
        (Outcome(exit_code=ExitCode.BAD_INPUT, sentence="the labels do not fit"), "the input cannot be used"),
        (Outcome(exit_code=ExitCode.UNSUPPORTED, sentence="it takes strings"), "the model cannot do what was asked"),
        (Outcome(exit_code=ExitCode.FAILED, sentence="out of memory"), "Failed"),
    ],
)
def test_an_unsuccessful_build_has_a_report_too(page: MakePage, outcome: Outcome, headline: str) -> None:
    shown = page(sample.job(), outcome, None)

    assert headline in shown.text
    assert outcome.sentence in shown.text
    assert "chosen" not in shown.text
    assert "npx cdk-tensorflow run" in shown.text
    assert shown.unclosed == []


def test_the_candidates_of_a_refused_build_are_shown(page: MakePage) -> None:
    rows = " | ".join(page(sample.job(), sample.refused(), None).rows)

    assert "dynamicRange rejected" in rows
    assert "float16 rejected" in rows
    assert "it loses too much" in rows


def test_names_from_the_model_are_text_and_nothing_else(write: Callable[..., Path]) -> None:
    from report_samples import Page

    measured = sample.metrics(10_000, ratio=1, outputs={HOSTILE: {"accuracy": 0.9}, "b": {"accuracy": 0.8}})
    candidate = Candidate(name=HOSTILE, status=CandidateStatus.REJECTED, reason=HOSTILE, metrics=measured)
    two = candidate.model_copy(update={"name": HOSTILE + "2", "rules": [sample.rule(False, HOSTILE)]})
    outcome = sample.accepted(candidates=[candidate, two], warnings=[HOSTILE], sentence=HOSTILE)
    signature = sample.draft().signatures["serving_default"]
    draft = sample.draft(signatures={HOSTILE: signature}, tools={HOSTILE: HOSTILE})

    directory = write(sample.job(labels=[HOSTILE]), outcome, draft)

    html = (directory / "report.html").read_text(encoding="utf-8")
    shown = Page(html)
    assert "script" not in shown.tags
    assert "b" not in shown.tags[shown.tags.index("header") : shown.tags.index("div")]
    assert shown.loads == []
    assert HOSTILE in shown.text
    assert "<script" not in html
    card = (directory / "model-card.md").read_text(encoding="utf-8")
    assert "<script" not in card.replace("\\<script", "")
    assert len({line.replace("\\|", "").count("|") for line in card.splitlines() if line.startswith("| ")}) <= 2


def test_without_data_the_page_says_what_data_would_make_possible(page: MakePage) -> None:
    generated = sample.metrics(942_000, evidence=EvidenceKind.GENERATED, relative_error=0.0004)
    candidate = sample.CHOSEN.model_copy(update={"metrics": generated})
    outcome = sample.accepted(candidates=[candidate], unverified=True, original=None)

    text = page(sample.job(evaluation=None), outcome, sample.draft(unverified=True)).text

    assert "Accepted, but unverified" in text
    assert "they do not show that it decides as before" in text
    assert "would also try int8 weights" in text


def test_advice_fits_the_evidence(page: MakePage) -> None:
    def advice(evidence: EvidenceKind, samples: int, **changes: Any) -> str:
        measured = sample.metrics(942_000, evidence=evidence, agreement=1.0).model_copy(update={"samples": samples})
        candidate = sample.CHOSEN.model_copy(update={"metrics": measured})
        return page(sample.job(**changes), sample.accepted(candidates=[candidate]), sample.draft()).text

    assert "What more evidence would buy" not in advice(EvidenceKind.LABELS, 600)
    assert "Only 100 samples decide" in advice(EvidenceKind.LABELS, 100)
    assert "With labels the accuracy itself is measured" in advice(EvidenceKind.UNLABELLED, 600)
    saved_model = {"format": ModelFormat.SAVED_MODEL, "recipe": Recipe(kind="forServing")}
    assert "int8 weights" not in advice(EvidenceKind.GENERATED, 16, **saved_model)


def test_each_output_is_shown_and_the_worst_one_decides(page: MakePage) -> None:
    outputs = {
        "note": {"task": "multilabel", "accuracy": 0.9, "accuracy_loss": 0.001},
        "onset": {"task": "multilabel", "accuracy": 0.8, "accuracy_loss": 0.02, "snr_decibels": 31.24},
    }
    candidate = sample.CHOSEN.model_copy(update={"metrics": sample.metrics(1000, outputs=outputs)})
    shown = page(sample.job(), sample.accepted(candidates=[candidate]), sample.draft())

    rows = " | ".join(shown.rows)
    assert "float16 worst output: onset chosen" in rows
    assert "float16 note multilabel 90.00 % +0.10" in rows
    assert "float16 onset multilabel 80.00 % +2.00" in rows
    assert "31.2 dB" in rows


def test_the_output_that_broke_the_gate_is_the_worst_one(page: MakePage) -> None:
    outputs = {
        "kind": {"accuracy": 0.9, "accuracy_loss": 0.001},
        "score": {"task": "regression", "mean_absolute_error": 0.61, "r_squared": 0.9, "error_increase": 0.05},
    }
    broken = sample.rule(False, "too much of 'score'", "maxErrorIncrease").model_copy(update={"output": "score"})
    candidate = sample.REJECTED.model_copy(
        update={"metrics": sample.metrics(1000, outputs=outputs), "rules": [sample.rule(True, "kind"), broken]}
    )
    rows = " | ".join(page(sample.job(), sample.refused().model_copy(update={"candidates": [candidate]}), None).rows)

    assert "dynamicRange worst output: score rejected" in rows
    assert "0.61 R² 0.9000 +5.00 %" in rows


def test_the_signatures_show_what_clients_send_and_what_is_inside(page: MakePage) -> None:
    rows = " | ".join(page(sample.job(), sample.accepted(), sample.draft()).rows)

    assert "input image float32 [?, 28, 28] ← int8, scale 0.0039, zero point -128" in rows
    assert "output probabilities float32 [?, 10]" in rows


def test_the_applied_gate_is_named_even_if_the_job_left_it_open(page: MakePage) -> None:
    gate = Gate(rules=[Rule(rule="maxAccuracyLoss", value=0.01)], strict=True)

    assert "maxAccuracyLoss 0.01, strict" in page(sample.job(), sample.accepted(), sample.draft(gate=gate)).text
    assert "maxAccuracyLoss 0.01, strict" in page(sample.job(gate=gate), sample.refused(), None).text


@pytest.mark.parametrize("draft", [sample.draft(), None], ids=["published", "refused"])
def test_shows_what_the_job_was_kept_from(page: MakePage, draft: Draft | None) -> None:
    outcome = sample.accepted(isolation={"user": "off: only root can", "files": "on"})

    assert "isolation files on; user off: only root can" in page(sample.job(), outcome, draft).text


def test_the_rows_of_a_run_and_the_reason_for_one_are_shown(page: MakePage) -> None:
    draft = sample.draft()
    [(name, signature)] = draft.signatures.items()
    several = signature.model_copy(update={"batch": Batch(rows=32, least=5)})
    times = RunTimes(row_microseconds=256, rows=[RowsTrial(rows=32, ratio=0.15)], difference=0, threads_ratio=0.6)
    shown = page(sample.job(), sample.accepted(), sample.draft(signatures={name: several}, runs={name: times}))
    assert "computes 32 rows at once in 0.15 of the processor time, from 5 rows on; no bit differs" in shown.text
    one = signature.model_copy(update={"batch": Batch(rows=1, reason=HOSTILE)})
    shown = page(sample.job(), sample.accepted(), sample.draft(signatures={name: one}))
    assert f"computes one row at a time: {HOSTILE}" in shown.text


def test_the_images_that_were_compared_are_shown(page: MakePage) -> None:
    draft = sample.draft(pictures=ImageProof(pictures=100, differences={"y": 0.00123}))
    shown = page(sample.job(), sample.accepted(), draft).text
    assert (
        "100 of the evaluation data decide as the numbers that TensorFlow makes of them; y differs by 0.00123" in shown
    )
