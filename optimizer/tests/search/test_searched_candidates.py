"""Candidates that a search tries, each measured and published as itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow as tf
from sample_functions import CLASSES, FEATURES, Function, dense_data, save, spec
from sample_jobs import job_data
from tensorflow_optimizer.documents.job import Job, Search
from tensorflow_optimizer.documents.outcome import Candidate, CandidateStatus, EvidenceKind, Metrics, RuleResult
from tensorflow_optimizer.errors import BadInputError, UnsupportedError
from tensorflow_optimizer.processes.progress import Progress
from tensorflow_optimizer.sandbox import LeafEndedError
from tensorflow_optimizer.search import run_search
from tensorflow_optimizer.search.ranking import ByObjective
from tensorflow_optimizer.search.space import SearchSpace, litert_space, saved_model_space

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sample_jobs import Runs
    from sample_models import SampleModels


def recipe(*steps: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"kind": "search", "search": {"objective": "size", **fields}, "steps": list(steps)}


def distilled(student: str | dict[str, Any], **fields: Any) -> dict[str, Any]:
    chosen = {"size": student} if isinstance(student, str) else student
    return {"step": "distillation", "student": chosen, "epochs": 1, "augment": False, **fields}


def given(digit: str) -> dict[str, Any]:
    return {"given": {"packaging": "zip", "fileName": "student.zip", "identity": {"digest": digit * 64}}}


def pruned(sparsity: float, **fields: Any) -> dict[str, Any]:
    return {"step": "pruning", "sparsity": sparsity, **fields}


def quantized(mode: str) -> dict[str, Any]:
    return {"step": "quantization", "mode": mode}


def space(*steps: dict[str, Any], model_format: str = "litert", **fields: Any) -> SearchSpace[Any]:
    job = Job.model_validate(job_data(format=model_format, recipe=recipe(*steps), **fields))
    assert job.recipe.search is not None
    make: Callable[..., SearchSpace[Any]] = litert_space if model_format == "litert" else saved_model_space
    return make(job, job.recipe.search)


class TestNames:
    """Names of candidates."""

    @pytest.mark.parametrize(
        ("steps", "names"),
        [
            (
                [distilled("tiny", temperature=2.0), distilled("tiny", temperature=8.0)],
                ["distilled tiny (temperature 2.0) + float32", "distilled tiny (temperature 8.0) + float32"],
            ),
            (
                [distilled("tiny", alpha=0.5), distilled("tiny", epochs=3), distilled("small")],
                [
                    "distilled small + float32",
                    "distilled tiny (alpha 0.5, epochs 1) + float32",
                    "distilled tiny (alpha left open, epochs 3) + float32",
                ],
            ),
            (
                [pruned(0.991), pruned(0.994), pruned(0.5)],
                [
                    "pruned 50% + float32",
                    "pruned 99% (sparsity 0.991) + float32",
                    "pruned 99% (sparsity 0.994) + float32",
                ],
            ),
            (
                [distilled(given("1")), distilled(given("2"))],
                [
                    "distilled student.zip (student 111111111111) + float32",
                    "distilled student.zip (student 222222222222) + float32",
                ],
            ),
        ],
    )
    def test_are_distinguished_by_the_settings_that_differ(self, steps: list[Any], names: list[str]) -> None:
        assert [plan.name for plan in space(*steps).plans] == ["float32", *names]

    def test_are_distinguished_if_the_best_student_is_pruned(self) -> None:
        found = space(
            distilled("tiny", temperature=2.0), distilled("tiny"), pruned(0.5), pruned(0.5, schedule="atOnce"),
            model_format="saved_model",
        )  # fmt: skip
        names = [plan.name for entry in found.plans if entry.distillation for plan in found.refinements(entry)]
        assert len(set(names)) == 4
        assert names[0] == "distilled tiny (temperature 2.0) + pruned 50% (schedule gradual) + strip"

    @pytest.mark.parametrize(
        ("step", "model_format"),
        [
            (distilled("tiny"), "litert"),
            (distilled(given("1")), "saved_model"),
            (pruned(0.5), "saved_model"),
            (quantized("float16"), "litert"),
            ({"step": "freeze"}, "saved_model"),
        ],
    )
    def test_a_duplicate_step_is_refused(self, step: dict[str, Any], model_format: str) -> None:
        with pytest.raises(BadInputError, match="more than once with the same settings"):
            space(step, pruned(0.7), step, model_format=model_format)


def test_bfloat16_is_not_tried_for_another_processor() -> None:
    with pytest.raises(UnsupportedError, match="is for x86_64"):
        space(quantized("bfloat16"), model_format="saved_model", architecture="arm64")


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """Return a wide model, its data, a student that decides alike, and one that decides nothing and cannot learn."""
    place = tmp_path_factory.mktemp("wide")
    random = np.random.default_rng(21)
    first, second = random.standard_normal((FEATURES, 512)) / 4, random.standard_normal((512, CLASSES)) / 8
    features = random.standard_normal((800, FEATURES)).astype(np.float32)
    np.savez(place / "data.npz", features=features, labels=(features @ first @ second).argmax(axis=1))
    return SimpleNamespace(
        model=_two_layers(place / "model", first, second),
        data=place / "data.npz",
        good=_two_layers(place / "good", first @ second, np.eye(CLASSES)),
        bad=_two_layers(place / "bad", np.zeros((FEATURES, 8)), np.zeros((8, CLASSES))),
    )


def _two_layers(directory: Path, first: Any, second: Any) -> Path:
    module = Function()
    module.weights = [tf.Variable(entry.astype(np.float32)) for entry in (first, second)]

    def body(features: Any) -> dict[str, Any]:
        return {"probabilities": tf.nn.softmax(features @ module.weights[0] @ module.weights[1])}

    module.body = tf.function(body, input_signature=[spec([None, FEATURES], "features")])
    return save(directory, module, serving_default=module.body)


STUDENTS = [distilled(given("1")), distilled(given("2"))]
GOOD, BAD = (f"distilled student.zip (student {digit * 12})" for digit in "12")


@pytest.mark.slow
def test_two_students_with_one_file_name_are_measured_separately(wide: SimpleNamespace, runs: Runs) -> None:
    result = runs(wide.model, wide.data, recipe=recipe(*STUDENTS, maxAccuracyLoss=0.1), students=[wide.good, wide.bad])
    assert result.statuses[f"{GOOD} + float32"] == "chosen", result.sentence
    assert result.statuses[f"{BAD} + float32"] == "rejected"
    metrics = {candidate.name: candidate.metrics for candidate in result.outcome.candidates}
    good, bad = metrics[f"{GOOD} + float32"], metrics[f"{BAD} + float32"]
    assert good is not None
    assert bad is not None
    assert (good.outputs["probabilities"].accuracy or 0) > 0.9
    assert (bad.outputs["probabilities"].accuracy or 0) < 0.6
    assert result.published.size_bytes == (result.output / "model" / "model.tflite").stat().st_size == good.size_bytes


@pytest.mark.slow
def test_a_refused_candidate_changes_no_byte_of_the_one_that_is_published(wide: SimpleNamespace, runs: Runs) -> None:
    both, alone = (
        runs(
            wide.model,
            wide.data,
            format="saved_model",
            recipe=recipe(*STUDENTS[:count], maxAccuracyLoss=0.1),
            students=[wide.good, wide.bad][:count],
        )
        for count in (2, 1)
    )
    assert both.statuses[f"{GOOD} + strip"] == "chosen", both.sentence
    assert both.statuses[f"{BAD} + strip"] == "rejected"
    assert alone.statuses["distilled student.zip + strip"] == "chosen"
    shard = "model/variables/variables.data-00000-of-00001"
    assert (both.output / shard).read_bytes() == (alone.output / shard).read_bytes()


class TestFewRows:
    """Search that names no steps, with few rows."""

    @pytest.fixture(scope="class")
    def data(self, tmp_path_factory: pytest.TempPathFactory) -> Path:
        file = tmp_path_factory.mktemp("few") / "data.npz"
        features, labels = dense_data(100)
        np.savez(file, features=features, labels=labels)
        return file

    @pytest.mark.parametrize(
        ("model_format", "tried", "samples"),
        # A fifth calibrates fullInteger(), two fifths of the rest select, and nothing trains.
        [
            (
                "litert",
                {"float32", "float16", "dynamicRange", "fullInteger"}
                | {f"mixed:*=dynamic_wi8_afp32,FULLY_CONNECTED=dynamic_wi4b{block}_afp32" for block in (32, 128)},
                48,
            ),
            ("saved_model", {"strip", "freeze"}, 60),
        ],
    )
    def test_exclude_students_and_give_the_gate_their_rows(
        self, model_format: str, tried: set[str], samples: int, models: SampleModels, data: Path, runs: Runs
    ) -> None:
        result = runs(models.dense, data, format=model_format, recipe=recipe(maxAccuracyLoss=0.1))
        draft = result.published
        assert set(result.statuses) == tried
        assert draft.candidate != "float32"
        assert draft.evaluation is not None
        assert draft.evaluation.samples == samples
        assert any(
            "did not try students and pruning" in warning and "100 samples" in warning
            for warning in result.outcome.warnings
        )

    def test_are_refused_for_a_requested_student(self, models: SampleModels, data: Path, runs: Runs) -> None:
        result = runs(models.dense, data, recipe=recipe(distilled("tiny")))
        assert result.code == 2
        assert "needs 64" in result.sentence


class TestABranch:
    """Branch of one search: what is refused, and why."""

    @pytest.mark.parametrize(
        ("refusals", "tried_to_the_end"),
        [
            # What is too large or too slow may be cured by what is smaller and faster.
            (["maxSizeBytes", "maxSizeBytes", None], True),
            (["maxLatencyRatio", "maxSizeBytes", None], True),
            # So may a lack of memory.
            ([LeafEndedError("killed"), LeafEndedError("killed"), None], True),
            # A refusal for quality may be chance once.
            (["maxAccuracyLoss", None], True),
            (["maxAccuracyLoss", "maxSizeBytes", "maxAccuracyLoss", None], True),
            (["maxAccuracyLoss", LeafEndedError("killed"), "maxAccuracyLoss", None], False),
            (["maxAccuracyLoss", "maxAccuracyLoss", None], False),
            # What cannot be done to a model cannot be done to more of it.
            ([UnsupportedError("no"), None], False),
        ],
    )
    def test_ends_where_quality_is_lost_and_nowhere_else(self, refusals: list[Any], tried_to_the_end: bool) -> None:
        mildest, *stronger = (
            SimpleNamespace(name=f"plan {number}", size=100 - number, refusal=entry, distillation=None, trains=False)
            for number, entry in enumerate([None, *refusals])
        )
        progress = Progress()
        evaluator = SimpleNamespace(
            evaluate=lambda _, loaded: _evaluated(loaded.plan), gate=SimpleNamespace(rules=[]), reference=None
        )
        chosen = run_search.run_search(
            ByObjective(Search(objective="size"), None),  # type: ignore[arg-type]  # sizes need no data
            SearchSpace([[mildest], stronger], lambda _: []),  # type: ignore[type-var, list-item]  # stand-ins
            run_search.SearchContext(SimpleNamespace(build=_built, data_bytes=0), 0, evaluator, evaluator),  # type: ignore[arg-type]  # a search reads no more of it
            lambda trial: str(trial.plan.name),
            progress,
        )
        assert chosen == (stronger[-1].name if tried_to_the_end else mildest.name)
        skipped = [candidate.name for candidate in progress.candidates if candidate.status is CandidateStatus.SKIPPED]
        assert skipped == ([] if tried_to_the_end else [stronger[-1].name])


def _built(plan: Any, _: Progress) -> Any:
    if isinstance(plan.refusal, Exception):
        return plan.refusal
    runner = SimpleNamespace(close=lambda: None)
    loaded = SimpleNamespace(plan=plan, size_bytes=plan.size, compressed_bytes=plan.size, signatures=[], runner=runner)
    return SimpleNamespace(load=lambda: loaded)


def _evaluated(plan: Any) -> Candidate:
    rules = ["maxAccuracyLoss", "maxSizeBytes", "maxLatencyRatio"]
    return Candidate(
        name=plan.name,
        status=CandidateStatus.REJECTED if plan.refusal else CandidateStatus.PASSED,
        metrics=Metrics(evidence=EvidenceKind.LABELS, samples=1, outputs={}, size_bytes=1),
        rules=[RuleResult(rule=rule, limit=0, measured=1, passed=rule != plan.refusal, sentence="") for rule in rules],
    )
