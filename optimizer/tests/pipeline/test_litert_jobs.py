from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sample_functions import dense_data
from sample_jobs import DYNAMIC_RANGE, FLOAT16, FULL_INTEGER, STRIP, gate
from tensorflow_optimizer.documents.manifest import Draft
from tensorflow_optimizer.documents.outcome import EvidenceKind
from tensorflow_optimizer.runners import LiteRtRunner

if TYPE_CHECKING:
    from pathlib import Path

    from sample_jobs import Result, Runs
    from sample_models import SampleModels


class TestWithLabels:
    @pytest.fixture(scope="class")
    def result(self, models: SampleModels, tmp_path_factory: pytest.TempPathFactory) -> Result:
        from sample_jobs import Runs

        return Runs(tmp_path_factory.mktemp("labelled"))(models.dense, models.labelled)

    def test_the_smallest_candidate_that_passes_is_published(self, result: Result) -> None:
        assert result.code == 0
        assert result.statuses == {"dynamicRange": "chosen", "float16": "skipped", "float32": "skipped"}
        assert (result.output / "model" / "model.tflite").stat().st_size == result.published.size_bytes

    def test_accuracy_is_measured_before_and_after(self, result: Result) -> None:
        before, after = result.published.original, result.published.evaluation
        assert before is not None
        assert after is not None
        assert before.evidence is after.evidence is EvidenceKind.LABELS
        assert before.outputs["probabilities"].accuracy is not None
        assert 0.9 < before.outputs["probabilities"].accuracy < 1
        figures = after.outputs["probabilities"]
        assert figures.accuracy_loss is not None
        assert figures.accuracy is not None
        assert figures.accuracy_loss == pytest.approx(before.outputs["probabilities"].accuracy - figures.accuracy)
        assert figures.agreement is not None
        assert figures.agreement > 0.99
        assert figures.task == "multiclass (probabilities, inferred)"

    def test_the_gate_is_recorded_with_its_result(self, result: Result) -> None:
        rule = result.published.gate_results[0]
        assert (rule.rule, rule.limit, rule.passed) == ("maxAccuracyLoss", 0.01, True)
        assert not result.published.unverified

    def test_native_is_proven_and_its_cost_is_measured(self, result: Result) -> None:
        draft = result.published
        assert draft.requirements.runtime == "native"
        assert draft.requirements.native_refusal is None
        assert draft.requirements.peak_memory_mebibytes is not None
        # A process with the function's package and libLiteRt.so, and nothing of the optimizer's.
        assert 5 < draft.requirements.peak_memory_mebibytes < 60
        assert draft.load_milliseconds is not None
        assert draft.latency_milliseconds is not None
        assert draft.latency_milliseconds > 0
        assert draft.extra["processorMilliseconds"] > 0
        assert draft.extra["processorMillisecondsP99"] >= draft.extra["processorMilliseconds"]

    def test_the_description_is_what_clients_see(self, result: Result) -> None:
        signature = result.published.signatures["serving_default"]
        assert signature.batched
        assert signature.inputs["features"].shape == [-1, 16]
        assert signature.inputs["features"].tensor is not None
        assert signature.inputs["features"].tensor.shape == [1, 16]
        assert signature.outputs["probabilities"].dtype == "float32"

    def test_a_batch_is_answered_row_by_row(self, result: Result, models: SampleModels) -> None:
        features, labels = dense_data(40)
        answers = result.predict({"features": features})["probabilities"]
        assert answers.shape == (40, 4)
        assert (answers.argmax(axis=1) == labels).mean() > 0.8

    def test_draft_json_reads_back(self, result: Result) -> None:
        assert Draft.model_validate_json((result.output / "draft.json").read_text()) == result.published

    def test_the_source_is_recorded(self, result: Result) -> None:
        source = result.published.source
        assert source.format == "saved_model"
        assert len(source.digest) == 64


def test_a_candidate_that_loses_too_much_is_rejected_and_the_next_one_tried(models: SampleModels, runs: Runs) -> None:
    result = runs(models.fragile, models.labelled)
    assert result.statuses == {"dynamicRange": "rejected", "float16": "chosen", "float32": "skipped"}
    rejected = result.outcome.candidates[0]
    assert "accuracy loss of 'probabilities'" in rejected.reason
    assert rejected.metrics is not None


def test_nothing_is_published_when_nothing_passes(models: SampleModels, runs: Runs) -> None:
    result = runs(models.fragile, models.labelled, recipe=DYNAMIC_RANGE)
    assert result.code == 3
    assert "dynamicRange: accuracy loss of 'probabilities'" in result.sentence
    assert result.statuses == {"dynamicRange": "rejected"}
    assert result.outcome.original is not None
    assert not (result.output / "model").exists()
    assert not (result.output / "draft.json").exists()


def test_unlabelled_data_gates_on_agreement(models: SampleModels, runs: Runs) -> None:
    result = runs(models.dense, models.unlabelled)
    assert result.statuses["dynamicRange"] == "chosen"
    assert result.published.gate_results[0].rule == "minAgreement"
    assert runs(models.fragile, models.unlabelled).statuses["dynamicRange"] == "rejected"


def test_without_data_nothing_is_quantized_to_integers(models: SampleModels, runs: Runs) -> None:
    result = runs(models.dense)
    assert result.statuses == {"float16": "chosen", "float32": "skipped"}
    assert result.published.gate_results[0].rule == "maxRelativeError"
    assert not result.published.unverified
    assert any("no evaluation data" in warning for warning in result.outcome.warnings)
    assert result.published.evaluation is not None
    assert result.published.evaluation.outputs["probabilities"].agreement is None


def test_an_explicit_step_without_data_is_published_unverified(models: SampleModels, runs: Runs) -> None:
    result = runs(models.fragile, recipe=DYNAMIC_RANGE)
    assert result.published.unverified
    assert result.outcome.unverified
    assert any("published unverified" in warning for warning in result.outcome.warnings)


def test_float16_that_is_not_finite_on_silence_is_not_published(models: SampleModels, runs: Runs) -> None:
    result = runs(models.silent)
    assert result.statuses == {"float16": "failed", "float32": "chosen"}
    assert "on inputs of zeros" in result.outcome.candidates[0].reason


@pytest.mark.parametrize(("recipe", "name"), [("none", "float32"), (FLOAT16, "float16")])
def test_a_recipe_of_one_candidate_makes_exactly_that(recipe: Any, name: str, models: SampleModels, runs: Runs) -> None:
    assert runs(models.dense, models.labelled, recipe=recipe).statuses == {name: "chosen"}


def test_a_step_for_the_other_format_is_refused_and_not_ignored(models: SampleModels, runs: Runs) -> None:
    result = runs(models.dense, models.labelled, recipe=STRIP)
    assert (result.code, result.statuses) == (2, {})
    assert "strip" in result.sentence


class TestFullInteger:
    def test_it_takes_and_returns_floats_and_is_not_calibrated_on_the_gates_data(
        self, models: SampleModels, runs: Runs
    ) -> None:
        result = runs(models.dense, models.labelled, recipe=FULL_INTEGER, gate=gate(("maxAccuracyLoss", 0.05)))
        draft = result.published
        tensor = draft.signatures["serving_default"].inputs["features"].tensor
        assert tensor is not None
        assert (tensor.dtype, tensor.quantization) == ("float32", None)
        assert draft.evaluation is not None
        assert draft.evaluation.samples == 640 - 128

    def test_it_needs_data(self, models: SampleModels, runs: Runs) -> None:
        result = runs(models.dense, recipe=FULL_INTEGER)
        assert result.code == 2
        assert "needs evaluation data" in result.sentence


def test_few_samples_give_a_warning(models: SampleModels, runs: Runs, tmp_path: Path) -> None:
    features, labels = dense_data(60)
    np.savez(tmp_path / "few.npz", features=features, labels=labels)
    result = runs(models.dense, tmp_path / "few.npz")
    assert result.code == 0
    assert any("rests on 60 samples" in warning for warning in result.outcome.warnings)


def test_strict_refuses_candidates_that_few_samples_cannot_confirm(
    models: SampleModels, runs: Runs, tmp_path: Path
) -> None:
    features, labels = dense_data(60)
    np.savez(tmp_path / "few.npz", features=features, labels=labels)
    result = runs(models.dense, tmp_path / "few.npz", gate=gate(("maxAccuracyLoss", 0.01), strict=True))
    assert result.code == 3
    assert "unfavorable end" in result.sentence


def test_a_limit_on_size_is_held(models: SampleModels, runs: Runs) -> None:
    result = runs(models.dense, models.labelled, gate=gate(("maxSizeBytes", 500)))
    assert result.code == 3
    assert "allowed at most 500" in result.sentence


def test_a_limit_on_latency_is_measured(models: SampleModels, runs: Runs) -> None:
    result = runs(models.dense, models.labelled, gate=gate(("maxLatencyRatio", 1000)))
    rule = next(gate_result for gate_result in result.published.gate_results if gate_result.rule == "maxLatencyRatio")
    assert rule.measured is not None


def test_state_that_is_reset_is_served_by_numpy(models: SampleModels, runs: Runs) -> None:
    result = runs(models.counter, source={"stateful": "reset_per_request"}, recipe="none")
    draft = result.published
    assert draft.reset_state
    assert draft.requirements.runtime == "numpy"
    assert draft.requirements.native_refusal is not None
    assert "initial state" in draft.requirements.native_refusal
    runner = LiteRtRunner((result.output / "model" / "model.tflite").read_bytes(), draft.signatures, reset_state=True)
    for _ in range(3):
        assert runner.run("serving_default", {"x": np.zeros((1, 3), np.float32)})["y"].tolist() == [[1, 1, 1]]


@pytest.mark.slow
def test_the_same_job_makes_the_same_bytes(models: SampleModels, runs: Runs) -> None:
    digests = [
        hashlib.sha256((runs(models.dense, models.labelled).output / "model" / "model.tflite").read_bytes()).hexdigest()
        for _ in range(2)
    ]
    assert digests[0] == digests[1]


def test_a_failed_run_removes_the_files_of_an_earlier_one(models: SampleModels, tmp_path: Path) -> None:
    from sample_jobs import job_data
    from tensorflow_optimizer.documents.job import Job
    from tensorflow_optimizer.pipeline import Paths, run

    job = Job.model_validate(job_data(recipe="none"))
    run(job, Paths(models.dense, None, tmp_path))
    assert (tmp_path / "draft.json").exists()
    run(job, Paths(models.counter, None, tmp_path))
    assert not (tmp_path / "draft.json").exists()
    assert not (tmp_path / "model").exists()
