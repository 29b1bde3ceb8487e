from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sample_jobs import DYNAMIC_RANGE, FLOAT16, FULL_INTEGER, STRIP, gate
from sample_models import copy_of, dense_data
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_optimizer.manifest import Draft
from tensorflow_optimizer.outcome import EvidenceKind
from tensorflow_optimizer.runners import LiteRtRunner

if TYPE_CHECKING:
    from pathlib import Path

    from sample_jobs import Result, Runs
    from sample_models import SampleModels


def predict(result: Result, inputs: dict[str, Any], signature: str | None = None) -> dict[str, Any]:
    """Ask the published file through the reference interpreter."""
    draft = result.published
    runner = LiteRtRunner((result.output / "model" / "model.tflite").read_bytes(), draft.signatures)
    return runner.run(signature or draft.default_signature, inputs)


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

    def test_nano_is_proven_and_its_cost_is_measured(self, result: Result) -> None:
        draft = result.published
        assert draft.requirements.runtime == "nano"
        assert draft.requirements.nano_refusal is None
        assert draft.requirements.peak_memory_mebibytes is not None
        # A process with the function's package and libLiteRt.so, and nothing of the optimizer's.
        assert 5 < draft.requirements.peak_memory_mebibytes < 60
        assert draft.load_milliseconds is not None
        assert draft.latency_milliseconds is not None

    def test_the_description_is_what_clients_see(self, result: Result) -> None:
        signature = result.published.signatures["serving_default"]
        assert signature.batched
        assert signature.inputs["features"].shape == [-1, 16]
        assert signature.inputs["features"].tensor is not None
        assert signature.inputs["features"].tensor.shape == [1, 16]
        assert signature.outputs["probabilities"].dtype == "float32"

    def test_a_batch_is_answered_row_by_row(self, result: Result, models: SampleModels) -> None:
        features, labels = dense_data(40)
        answers = predict(result, {"features": features})["probabilities"]
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


@pytest.mark.parametrize(("recipe", "name"), [("none", "float32"), (FLOAT16, "float16"), (STRIP, "float32")])
def test_a_recipe_that_is_not_a_ladder_makes_one_candidate(
    recipe: Any, name: str, models: SampleModels, runs: Runs
) -> None:
    assert runs(models.dense, models.labelled, recipe=recipe).statuses == {name: "chosen"}


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


class TestModelsOfEveryShape:
    def test_two_inputs_and_two_outputs_keep_their_names_and_their_order(
        self, models: SampleModels, runs: Runs
    ) -> None:
        result = runs(models.two_inputs, recipe="none")
        zeta, alpha = np.arange(6, dtype=np.float32).reshape(2, 3), np.ones((2, 3), np.float32)
        answers = predict(result, {"zeta": zeta, "alpha": alpha})
        np.testing.assert_allclose(answers["difference"], zeta * 2 - alpha)
        np.testing.assert_allclose(answers["total"], (zeta + alpha).sum(axis=1, keepdims=True))
        assert result.published.requirements.runtime == "nano"

    def test_several_signatures_are_published(self, models: SampleModels, runs: Runs) -> None:
        result = runs(models.two_signatures, models.labelled)
        assert list(result.published.signatures) == ["serving_default", "raw"]
        features = dense_data(3)[0]
        logits = predict(result, {"features": features}, "raw")["logits"]
        probabilities = predict(result, {"features": features})["probabilities"]
        np.testing.assert_allclose(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), probabilities, 1e-4)
        assert result.published.evaluation is not None
        assert "raw/logits" in result.published.evaluation.outputs

    def test_a_named_signature_is_the_only_one(self, models: SampleModels, runs: Runs) -> None:
        result = runs(models.two_signatures, source={"signatureName": "raw"}, recipe="none")
        assert list(result.published.signatures) == ["raw"]
        assert result.published.default_signature == "raw"

    def test_a_recurrent_model_converts_once_its_length_is_given(self, models: SampleModels, runs: Runs) -> None:
        refused = runs(models.recurrent, source={"signatureName": "serving_default"}, recipe="none")
        assert refused.code == 4
        assert "give `inputShapes`" in refused.sentence
        name = refused.sentence.split("('")[1].split("'")[0]
        result = runs(models.recurrent, source={"inputShapes": {name: [1, 7, 4]}}, recipe="none")
        assert result.published.requirements.runtime == "nano"
        assert result.published.signatures["serving_default"].inputs[name].shape == [-1, 7, 4]

    def test_a_model_without_a_batch_takes_its_whole_input(
        self, models: SampleModels, runs: Runs, tmp_path: Path
    ) -> None:
        np.savez(tmp_path / "grids.npz", np.random.default_rng(0).standard_normal((30, 3, 2)).astype(np.float32))
        result = runs(models.fixed, tmp_path / "grids.npz")
        assert not result.published.signatures["serving_default"].batched
        answer = predict(result, {"grid": np.ones((3, 2), np.float32)})["sum"]
        assert answer.tolist() == [3, 3]

    def test_audio_of_any_length_must_be_given_its_length(self, models: SampleModels, runs: Runs) -> None:
        refused = runs(models.audio)
        assert refused.code == 4
        assert "'sound' is float32[?]" in refused.sentence
        result = runs(models.audio, source={"inputShapes": {"sound": [1600]}}, recipe="none")
        assert result.published.signatures["serving_default"].outputs["scores"].shape == [10]

    def test_integers_that_index_a_table_are_made_up_small_enough(self, models: SampleModels, runs: Runs) -> None:
        result = runs(models.integers)
        assert result.published.signatures["serving_default"].inputs["ids"].dtype == "int32"
        # Class numbers have no relative error, and made-up inputs show no agreement: nothing was verified.
        assert result.published.unverified

    def test_regression_is_gated_by_its_numbers(self, models: SampleModels, runs: Runs, tmp_path: Path) -> None:
        np.savez(tmp_path / "rows.npz", np.random.default_rng(0).standard_normal((600, 4)).astype(np.float32))
        result = runs(models.regression, tmp_path / "rows.npz")
        assert [one.rule for one in result.published.gate_results] == ["maxRelativeError"]
        assert result.published.evaluation is not None
        assert result.published.evaluation.outputs["y"].task == "regression (inferred)"

    def test_a_model_of_tensorflow_1_converts(self, models: SampleModels, runs: Runs) -> None:
        result = runs(models.version_1)
        assert list(result.published.signatures) == ["serving_default"]
        assert predict(result, {"x": np.ones((1, 3), np.float32)})["y"].tolist() == [[3, 3, 3]]
        assert any("'classify' is left out" in warning for warning in result.outcome.warnings)

    def test_strings_are_left_out_where_another_signature_is_asked_for(self, models: SampleModels, runs: Runs) -> None:
        result = runs(models.vocabulary, source={"signatureName": "mix"}, recipe="none")
        assert predict(result, {"weights": np.eye(4, dtype=np.float32)})["mixed"].tolist() == [
            [0, 1],
            [2, 3],
            [4, 5],
            [6, 7],
        ]

    @pytest.mark.parametrize("name", ["keras_file", "h5_file"])
    def test_keras_files_convert(self, name: str, models: SampleModels, runs: Runs) -> None:
        result = runs(getattr(models, name))
        signature = result.published.signatures["serving_default"]
        assert next(iter(signature.inputs.values())).shape == [-1, 8, 8, 1]
        assert result.published.source.format in ("keras", "h5")
        image = np.random.default_rng(0).uniform(size=(2, 8, 8, 1)).astype(np.float32)
        answer = predict(result, dict.fromkeys(signature.inputs, image))
        expected = models.keras_model(image).numpy()
        np.testing.assert_allclose(next(iter(answer.values())), expected, atol=2e-3)


class TestRefusals:
    """Exit code 4, and the sentence names the way out."""

    def check(self, result: Result, *texts: str) -> None:
        assert result.code == 4, result.sentence
        for text in texts:
            assert text in result.sentence
        assert not (result.output / "model").exists()

    def test_strings(self, models: SampleModels, runs: Runs) -> None:
        self.check(
            runs(models.vocabulary), "uses strings ('words')", "signatureName", "'mix'", "ModelService or ModelFleet"
        )
        self.check(runs(models.text), "the model has no other signature", "ModelService or ModelFleet")

    def test_state(self, models: SampleModels, runs: Runs) -> None:
        self.check(runs(models.counter), "AssignAddVariableOp", "RESET_PER_REQUEST")

    def test_an_answer_that_depends_on_the_batch(self, models: SampleModels, runs: Runs, tmp_path: Path) -> None:
        np.savez(tmp_path / "rows.npz", np.random.default_rng(0).standard_normal((600, 3)).astype(np.float32))
        self.check(runs(models.ranker, tmp_path / "rows.npz"), "output 'rank' depends on the batch")
        self.check(runs(models.ranker), "output 'rank' depends on the batch")

    def test_random_answers(self, models: SampleModels, runs: Runs) -> None:
        self.check(runs(models.noise), "not deterministic", "training=False")

    def test_operators_that_litert_does_not_have(self, models: SampleModels, runs: Runs) -> None:
        for model, operator in ((models.igamma, "Igamma"), (models.determinant, "MatrixDeterminant")):
            self.check(runs(model), f"({operator})", "no Flex or custom operators", "ModelService or ModelFleet")

    def test_outputs_of_any_size(self, models: SampleModels, runs: Runs) -> None:
        self.check(runs(models.sparse), "size depends on the values (y)")

    def test_operators_that_nobody_has(self, models: SampleModels, runs: Runs, tmp_path: Path) -> None:
        self.check(runs(altered(models.regression, tmp_path, operator="OurOwn")), "does not have", "OurOwn")

    def test_a_newer_tensorflow_when_its_model_does_not_load(
        self, models: SampleModels, runs: Runs, tmp_path: Path
    ) -> None:
        newer = altered(models.regression, tmp_path, operator="Newest", version="9.1.0")
        self.check(runs(newer), "the newer TensorFlow 9.1.0 saved", "save it again with")

    def test_an_unknown_signature(self, models: SampleModels, runs: Runs) -> None:
        self.check(runs(models.dense, source={"signatureName": "predict"}), "no signature 'predict'")


def altered(model: Path, directory: Path, operator: str | None = None, version: str | None = None) -> Path:
    """Copy a SavedModel with another operator in the place of its multiplication, or another version."""
    copy = copy_of(model, directory / "altered")
    saved_model = saved_model_pb2.SavedModel.FromString((copy / "saved_model.pb").read_bytes())
    for meta_graph in saved_model.meta_graphs:
        meta_graph.meta_info_def.tensorflow_version = version or meta_graph.meta_info_def.tensorflow_version
        for function in meta_graph.graph_def.library.function:
            for node in function.node_def:
                node.op = operator if operator and node.op == "MatMul" else node.op
    (copy / "saved_model.pb").write_bytes(saved_model.SerializeToString())
    return copy


def test_a_newer_tensorflow_is_no_reason_when_its_model_loads(models: SampleModels, runs: Runs, tmp_path: Path) -> None:
    draft = runs(altered(models.regression, tmp_path, version="9.1.0"), recipe="none").published
    assert draft.source.tensorflow_version == "9.1.0"


class TestBadInput:
    """Exit code 2."""

    def check(self, result: Result, text: str) -> None:
        assert result.code == 2, result.sentence
        assert text in result.sentence

    def test_labels_that_do_not_match(self, models: SampleModels, runs: Runs, tmp_path: Path) -> None:
        features, labels = dense_data(600)
        np.savez(tmp_path / "wrong.npz", features=features, labels=np.random.default_rng(0).permutation(labels))
        self.check(runs(models.dense, tmp_path / "wrong.npz"), "labels or preprocessing do not match this model")

    def test_inputs_that_were_not_scaled(self, models: SampleModels, runs: Runs, tmp_path: Path) -> None:
        features, labels = dense_data(600)
        np.savez(tmp_path / "wrong.npz", features=features[:, ::-1] * 255, labels=labels)
        self.check(runs(models.dense, tmp_path / "wrong.npz"), "labels or preprocessing do not match this model")

    def test_data_of_another_shape(self, models: SampleModels, runs: Runs, tmp_path: Path) -> None:
        np.savez(tmp_path / "wrong.npz", np.ones((10, 5)))
        self.check(runs(models.dense, tmp_path / "wrong.npz"), "the model takes [16]")

    def test_a_shape_that_the_model_cannot_take(self, models: SampleModels, runs: Runs) -> None:
        self.check(
            runs(models.dense, source={"inputShapes": {"features": [1, 8]}}), "but the model takes float32[?, 16]"
        )

    @pytest.mark.parametrize("rule", ["maxAccuracyLoss", "minAgreement"])
    def test_a_gate_that_needs_data(self, rule: str, models: SampleModels, runs: Runs) -> None:
        self.check(runs(models.dense, gate=gate((rule, 0.9))), "EvaluationData")

    def test_names_for_another_number_of_classes(self, models: SampleModels, runs: Runs) -> None:
        self.check(runs(models.dense, labels=["a", "b"]), "`labels` names 2 classes, but no output has as many scores")

    def test_data_that_the_job_names_and_nobody_gave(self, models: SampleModels, runs: Runs) -> None:
        evaluation = {"packaging": "file", "identity": {"digest": "x"}}
        self.check(runs(models.dense, evaluation=evaluation), "give it as --evaluation")

    def test_a_recipe_for_the_other_format(self, models: SampleModels, runs: Runs) -> None:
        self.check(runs(models.dense, recipe="forServing"), "forServing() makes SavedModels")


def test_few_samples_are_warned_about(models: SampleModels, runs: Runs, tmp_path: Path) -> None:
    features, labels = dense_data(60)
    np.savez(tmp_path / "few.npz", features=features, labels=labels)
    result = runs(models.dense, tmp_path / "few.npz")
    assert result.code == 0
    assert any("rests on 60 samples" in warning for warning in result.outcome.warnings)


def test_strict_refuses_what_few_samples_cannot_show(models: SampleModels, runs: Runs, tmp_path: Path) -> None:
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
    rule = next(one for one in result.published.gate_results if one.rule == "maxLatencyRatio")
    assert rule.measured is not None


def test_state_that_is_reset_is_served_by_numpy(models: SampleModels, runs: Runs) -> None:
    result = runs(models.counter, source={"stateful": "reset_per_request"}, recipe="none")
    draft = result.published
    assert draft.reset_state
    assert draft.requirements.runtime == "numpy"
    assert draft.requirements.nano_refusal is not None
    assert "initial state" in draft.requirements.nano_refusal
    runner = LiteRtRunner((result.output / "model" / "model.tflite").read_bytes(), draft.signatures, reset_state=True)
    for _ in range(3):
        assert runner.run("serving_default", {"x": np.zeros((1, 3), np.float32)})["y"].tolist() == [[1, 1, 1]]


def test_the_same_job_makes_the_same_bytes(models: SampleModels, runs: Runs) -> None:
    digests = [
        hashlib.sha256((runs(models.dense, models.labelled).output / "model" / "model.tflite").read_bytes()).hexdigest()
        for _ in range(2)
    ]
    assert digests[0] == digests[1]


def test_a_failed_run_removes_what_an_earlier_one_left(models: SampleModels, tmp_path: Path) -> None:
    from sample_jobs import job_data
    from tensorflow_optimizer.config import Job
    from tensorflow_optimizer.pipeline import Paths, run

    job = Job.model_validate(job_data(recipe="none"))
    run(job, Paths(models.dense, None, tmp_path))
    assert (tmp_path / "draft.json").exists()
    run(job, Paths(models.text, None, tmp_path))
    assert not (tmp_path / "draft.json").exists()
    assert not (tmp_path / "model").exists()
