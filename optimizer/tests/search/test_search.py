from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sample_jobs import FLOAT16, job_data
from sample_models import dense_data
from tensorflow_optimizer.documents.job import Job
from tensorflow_optimizer.evaluation.latency import Latency, Timing
from tensorflow_optimizer.hints import Hint
from tensorflow_optimizer.pipeline import optimize
from tensorflow_optimizer.search import ranking, run_search
from tensorflow_optimizer.search.space import litert_space, saved_model_space

if TYPE_CHECKING:
    from pathlib import Path

    from sample_jobs import Result, Runs
    from sample_models import SampleModels


def recipe(objective: str = "size", *steps: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"kind": "search", "search": {"objective": objective, **fields}, "steps": list(steps)}


QUANTIZATIONS = [{"step": "quantization", "mode": mode} for mode in ("float16", "dynamicRange")]

STUDENT = {"step": "distillation", "student": {"size": "tiny"}, "epochs": 2, "augment": False}
STEPS = [*QUANTIZATIONS, {"step": "pruning", "sparsity": 0.5}, STUDENT]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("data") / "data.npz"
    features, labels = dense_data(1500)
    np.savez(file, features=features, labels=labels)
    return file


class TestForSize:
    @pytest.fixture(scope="class")
    def result(self, models: SampleModels, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Result:
        from sample_jobs import Runs

        return Runs(tmp_path_factory.mktemp("search"))(
            models.dense, data, recipe=recipe("size", *STEPS, maxAccuracyLoss=0.02)
        )

    def test_the_smallest_that_passes_is_published(self, result: Result) -> None:
        chosen = result.published.evaluation
        assert chosen is not None
        assert chosen.compressed_bytes is not None
        for candidate in result.outcome.candidates:
            if candidate.status == "passed":
                assert candidate.metrics is not None
                assert candidate.metrics.compressed_bytes is not None
                assert candidate.metrics.compressed_bytes >= chosen.compressed_bytes
        assert list(result.statuses.values()).count("chosen") == 1
        assert "float32" in result.statuses

    def test_it_keeps_the_limit_on_samples_that_it_was_not_selected_on(self, result: Result) -> None:
        chosen = next(candidate for candidate in result.outcome.candidates if candidate.status == "chosen")
        assert [(rule.rule, rule.limit, rule.passed) for rule in chosen.rules] == [("maxAccuracyLoss", 0.02, True)]
        other = next(candidate for candidate in result.outcome.candidates if candidate.status == "passed")
        assert chosen.metrics is not None
        assert other.metrics is not None
        assert chosen.metrics.samples != other.metrics.samples

    def test_every_candidate_that_was_not_chosen_says_why(self, result: Result) -> None:
        assert all(candidate.reason for candidate in result.outcome.candidates if candidate.status != "chosen")


@pytest.mark.slow
@pytest.mark.own_process
def test_the_same_search_makes_the_same_bytes(models: SampleModels, data: Path, runs: Runs) -> None:
    steps = [{"step": "pruning", "sparsity": 0.5}, QUANTIZATIONS[1]]
    first, second = (
        runs(models.dense, data, recipe=recipe("size", *steps, maxAccuracyLoss=0.1)).output / "model" / "model.tflite"
        for _ in range(2)
    )
    assert first.read_bytes() == second.read_bytes()


def test_a_model_with_several_signatures_gets_a_note_that_full_integer_was_not_tried(
    models: SampleModels, data: Path, runs: Runs
) -> None:
    step = {"step": "quantization", "mode": "fullInteger"}
    result = runs(models.two_signatures, data, recipe=recipe("size", QUANTIZATIONS[0], step))
    assert "fullInteger" not in result.statuses
    assert any("did not try full-integer quantization" in warning for warning in result.outcome.warnings)
    assert Hint.SIGNATURE in result.outcome.warning_hints


def test_full_integer_is_tried_if_several_signatures_are_one_computation(
    models: SampleModels, runs: Runs, tmp_path: Path
) -> None:
    pixels = np.random.default_rng(0).uniform(0, 1, (120, 8, 8, 1)).astype(np.float32)
    np.savez(tmp_path / "images.npz", pixels, labels=np.asarray(models.keras_model(pixels)).argmax(axis=1))
    step = {"step": "quantization", "mode": "fullInteger"}
    limit = {"maxAccuracyLoss": 0.5}
    result = runs(models.keras_file, tmp_path / "images.npz", recipe=recipe("size", step, **limit))
    assert sorted(result.published.signatures) == ["serve", "serving_default"]
    assert result.statuses["fullInteger"] == "chosen"
    assert not any("did not try full-integer quantization" in warning for warning in result.outcome.warnings)


def test_a_candidate_that_loses_too_much_is_rejected_and_a_milder_one_published(
    models: SampleModels, data: Path, runs: Runs
) -> None:
    result = runs(models.fragile, data, recipe=recipe("size", *QUANTIZATIONS))
    assert result.statuses == {"dynamicRange": "rejected", "float16": "chosen", "float32": "passed"}


def test_a_winner_that_fails_the_gate_falls_back_to_the_next(
    models: SampleModels, data: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = run_search.on_selection

    def lenient(reference: Any) -> Any:
        """A selection that sees nothing wrong: it asks the original about its own answers only at zeros."""
        found = real(reference)
        zeros = {name: np.zeros_like(value) for name, value in found.datasets[found.default].inputs.items()}
        dataset = type(found.datasets[found.default])(zeros, batched=True)
        answers = found.runner.run(found.default, dataset.call(0, dataset.count))
        labels = {name: value.argmax(axis=-1) for name, value in answers.items()}
        dataset = type(dataset)(zeros, True, labels)
        return run_search.replace(found, datasets={found.default: dataset}, answers={found.default: answers})

    monkeypatch.setattr(optimize, "on_selection", lenient)
    result = runs(models.fragile, data, recipe=recipe("size", *QUANTIZATIONS))
    assert result.statuses == {"dynamicRange": "rejected", "float16": "chosen", "float32": "passed"}
    assert "not on the samples of the gate" in result.outcome.candidates[0].reason


def test_nothing_is_published_when_nothing_passes(models: SampleModels, data: Path, runs: Runs) -> None:
    limits = {"rules": [{"rule": "maxSizeBytes", "value": 10}], "strict": False}
    result = runs(models.dense, data, recipe=recipe("size", *QUANTIZATIONS), gate=limits)
    assert result.code == 3
    assert not (result.output / "model").exists()


@pytest.mark.slow
def test_it_stops_at_max_trials_and_at_the_first_sparsity_that_is_refused(
    models: SampleModels, data: Path, runs: Runs
) -> None:
    result = runs(models.dense, data, recipe=recipe("size", maxTrials=2))
    assert [name for name, status in result.statuses.items() if status != "skipped"] == ["float16", "float32"]
    skipped = [candidate for candidate in result.outcome.candidates if candidate.status == "skipped"]
    assert all("at most 2 candidates" in entry.reason and entry.hints == [Hint.SEARCH_LIMIT] for entry in skipped)
    steps = [{"step": "pruning", "sparsity": share} for share in (0.98, 0.99)]
    statuses = runs(models.dense, data, recipe=recipe("size", *steps)).statuses
    assert statuses == {"pruned 98% + float32": "rejected", "pruned 99% + float32": "skipped", "float32": "chosen"}


@pytest.mark.slow
@pytest.mark.parametrize(("noise", "chosen"), [(0.0, "float32"), (1.0, "dynamicRange")])
def test_speed_decides_only_above_the_noise(
    noise: float, chosen: str, models: SampleModels, data: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In the order of their sizes: dynamicRange, float16, float32.
    times = (1.2, 1.5, 1.0)
    measured = {str(number): Latency(Timing(time, noise)) for number, time in enumerate(times)}
    monkeypatch.setattr(ranking, "measured_twice", lambda *_: [measured, measured])
    result = runs(models.dense, data, recipe=recipe("latency", *QUANTIZATIONS, maxAccuracyLoss=0.1))
    assert result.statuses[chosen] == "chosen"


def test_it_needs_data_with_labels(models: SampleModels, runs: Runs) -> None:
    without, unlabelled = runs(models.dense, recipe=recipe()), runs(models.dense, models.unlabelled, recipe=recipe())
    assert without.code == unlabelled.code == 2
    assert "needs evaluation data with labels" in without.sentence
    assert (
        "and the evaluation data has none; give such data, or use the default recipe for LiteRT" in unlabelled.sentence
    )
    assert unlabelled.outcome.hints == [Hint.EVALUATION_DATA, Hint.RECIPE_LITERT, Hint.RECIPE_STEPS]


class TestRegression:
    """Labels that are numbers: the search keeps their mean absolute error."""

    @pytest.fixture
    def measured(self, tmp_path: Path) -> Path:
        random = np.random.default_rng(1)
        x = random.standard_normal((600, 4)).astype(np.float32)
        y = 5.0 * x @ np.linspace(-1, 1, 12).reshape(4, 3) + random.standard_normal((600, 3))
        np.savez(tmp_path / "data.npz", x=x, **{"labels/y": y.astype(np.float32)})
        return tmp_path / "data.npz"

    def test_it_searches_by_the_error(self, models: SampleModels, runs: Runs, measured: Path) -> None:
        result = runs(models.regression, measured, recipe=recipe("size", *QUANTIZATIONS))
        chosen = next(candidate for candidate in result.outcome.candidates if candidate.status == "chosen")
        assert [(rule.rule, rule.limit, rule.passed, rule.output) for rule in chosen.rules] == [
            ("maxErrorIncrease", 0.01, True, "y")
        ]
        assert result.outcome.original is not None
        assert result.outcome.original.outputs["y"].mean_absolute_error == pytest.approx(0.8, abs=0.1)

    def test_a_limit_for_classes_is_refused(self, models: SampleModels, runs: Runs, measured: Path) -> None:
        result = runs(models.regression, measured, recipe=recipe(maxAccuracyLoss=0.02))
        assert result.code == 2
        assert "maxAccuracyLoss 0.02" in result.sentence
        assert "give maxErrorIncrease instead" in result.sentence

    def test_labels_of_another_shape_are_refused(self, models: SampleModels, runs: Runs, tmp_path: Path) -> None:
        x = np.random.default_rng(1).standard_normal((600, 4)).astype(np.float32)
        np.savez(tmp_path / "data.npz", x=x, **{"labels/y": x})
        result = runs(models.regression, tmp_path / "data.npz", recipe=recipe())
        assert result.code == 2
        assert "have the shape" in result.sentence
        assert "expected" in result.sentence

    def test_labels_that_do_not_match_are_refused(self, models: SampleModels, runs: Runs, tmp_path: Path) -> None:
        random = np.random.default_rng(1)
        x, y = (random.standard_normal((600, size)).astype(np.float32) for size in (4, 3))
        np.savez(tmp_path / "data.npz", x=x, **{"labels/y": y})
        result = runs(models.regression, tmp_path / "data.npz")
        assert result.code == 2
        assert "labels or preprocessing do not match this model" in result.sentence
        assert "R²" in result.sentence

    def test_a_candidate_that_loses_too_much_is_refused(self, models: SampleModels, runs: Runs, tmp_path: Path) -> None:
        # The original makes no error at all: what float16 rounds off is far more than a hundredth of what counts.
        x = np.random.default_rng(1).standard_normal((600, 4)).astype(np.float32)
        y = 5.0 * x @ np.linspace(-1, 1, 12).reshape(4, 3).astype(np.float32)
        np.savez(tmp_path / "data.npz", x=x, **{"labels/y": y})
        refused = runs(models.regression, tmp_path / "data.npz", recipe=FLOAT16)
        assert refused.code == 3
        assert "relative increase of the mean absolute error of 'y'" in refused.sentence
        assert "allowed at most 0.01" in refused.sentence
        assert runs(models.regression, tmp_path / "data.npz", recipe="none").code == 0


def test_a_file_that_is_quantized_already_is_published_unchanged(models: SampleModels, data: Path, runs: Runs) -> None:
    assert runs(models.int8_tflite, data, recipe=recipe()).statuses == {"none": "chosen"}


@pytest.mark.parametrize(
    ("model_format", "step"),
    [("litert", {"step": "freeze"}), ("saved_model", {"step": "quantization", "mode": "float16"})],
)
def test_steps_of_the_other_format_are_refused(
    model_format: str, step: dict[str, Any], models: SampleModels, data: Path, runs: Runs
) -> None:
    result = runs(models.dense, data, recipe=recipe("size", step), format=model_format)
    assert result.code == 2
    assert "a search may combine" in result.sentence


@pytest.mark.slow
class TestForTensorFlowServing:
    def test_the_smallest_that_passes_is_published(self, models: SampleModels, data: Path, runs: Runs) -> None:
        steps = [{"step": "freeze"}, {"step": "pruning", "sparsity": 0.5}, STUDENT]
        result = runs(models.dense, data, recipe=recipe("size", *steps, maxAccuracyLoss=0.3), format="saved_model")
        draft = result.published
        assert set(result.statuses) == {"strip", "freeze", "pruned 50% + strip", "distilled tiny + strip"}
        sizes = {
            candidate.name: candidate.metrics.compressed_bytes or 0
            for candidate in result.outcome.candidates
            if candidate.metrics and candidate.status in {"passed", "chosen"}
        }
        assert draft.candidate == min(sizes, key=lambda name: sizes[name])
        assert draft.signatures["serving_default"].batched


class TestSearchSpace:
    def test_by_default_all_legal_candidates_are_tried_from_mild_to_strong(self) -> None:
        names = [[plan.name for plan in branch] for branch in space("litert", "size").branches]
        assert names == [
            ["float32"],
            ["float16"],
            ["dynamicRange"],
            ["mixed:*=dynamic_wi8_afp32,DEPTHWISE_CONV_2D=no_quantize"],
            [
                f"mixed:*=dynamic_wi8_afp32,DEPTHWISE_CONV_2D=no_quantize,FULLY_CONNECTED=dynamic_wi4b{block}_afp32"
                for block in (32, 128)
            ],
            ["fullInteger"],
            [f"pruned {share}% + dynamicRange" for share in (50, 70, 80, 90)],
            [f"distilled {size} + dynamicRange" for size in ("medium", "small", "tiny")],
        ]

    def test_pruning_is_not_tried_for_latency_nor_by_default_in_tensorflow_serving(self) -> None:
        for model_format, objective in (("litert", "latency"), ("saved_model", "size")):
            assert not any(plan.pruning for plan in space(model_format, objective).plans)

    def test_the_strongest_student_that_passed_is_pruned_further(self) -> None:
        found = space("litert", "size")
        names = [plan.name for plan in found.refinements(found.branches[-1][1])]
        assert names == [f"distilled small + pruned {share}% + dynamicRange" for share in (50, 70, 80, 90)]


def test_a_killed_process_costs_its_candidate_and_not_the_search(
    models: SampleModels, data: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tensorflow_optimizer.training.trainer._LEAF", "crashing_tasks")
    result = runs(models.dense, data, recipe=recipe("size", QUANTIZATIONS[0], STUDENT))
    assert result.statuses == {"distilled tiny + float16": "failed", "float16": "chosen", "float32": "passed"}
    assert "ran out of memory" in result.outcome.candidates[0].reason


def space(model_format: str, objective: str) -> Any:
    job = Job.model_validate(job_data(format=model_format, recipe=recipe(objective)))
    assert job.recipe.search is not None
    return (litert_space if model_format == "litert" else saved_model_space)(job, job.recipe.search)
