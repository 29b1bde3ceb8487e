from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sample_functions import dense_data
from sample_jobs import DYNAMIC_RANGE, STRIP, gate, job_data
from tensorflow_optimizer.data import read_dataset
from tensorflow_optimizer.documents.job import Job
from tensorflow_optimizer.errors import BadInputError
from tensorflow_optimizer.report.write import write_report
from tensorflow_optimizer.runners import SavedModelRunner
from tensorflow_optimizer.signatures import SignatureSpec, TensorSpec
from tensorflow_optimizer.training.carried import carried
from tensorflow_optimizer.training.training_set import TrainingSet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sample_jobs import Result, Runs
    from sample_models import SampleModels
    from tensorflow_optimizer.data import Dataset

PROGRAM = "ONNX Runtime 1.26.0"


@pytest.fixture(scope="module")
def own(models: SampleModels) -> np.ndarray:
    """Answers of the model to its data."""
    runner = SavedModelRunner(models.dense, ["serve"])
    return np.asarray(runner.run("serving_default", {"features": dense_data(600)[0]})["probabilities"])


@pytest.fixture
def build(models: SampleModels, own: np.ndarray, runs: Runs, tmp_path: Path) -> Callable[..., Result]:
    """Build the model with data in which another program answered `answers(own)`."""

    def make(
        answers: Callable[[np.ndarray], np.ndarray] = lambda value: value, *, labelled: bool = False, **fields: Any
    ) -> Result:
        features, labels = dense_data(600)
        arrays = {"features": features, "reference/probabilities": answers(own), "reference": np.array(PROGRAM)}
        np.savez(tmp_path / "data.npz", **arrays, **({"labels": labels} if labelled else {}))
        return runs(models.dense, tmp_path / "data.npz", **fields)

    return make


class TestAJob:
    def test_an_honest_conversion_passes_and_is_compared_with_the_other_program(
        self, build: Callable[..., Result]
    ) -> None:
        # Another program adds in another order.
        draft = build(lambda value: value * (1 + 1e-6), recipe=DYNAMIC_RANGE).published
        assert draft.original is not None
        given = draft.original.reference
        assert given is not None
        assert given.program == PROGRAM
        assert given.outputs["probabilities"].agreement == 1
        assert given.outputs["probabilities"].relative_error == pytest.approx(1e-6, rel=0.2)

    @pytest.mark.parametrize("fields", [{"recipe": DYNAMIC_RANGE}, {"format": "saved_model", "recipe": STRIP}])
    def test_a_silent_error_of_the_converter_is_refused(
        self, build: Callable[..., Result], fields: dict[str, Any]
    ) -> None:
        # The converter exchanged two channels of the output.
        result = build(lambda value: value[:, [1, 0, *range(2, value.shape[1])]], **fields)
        assert result.code == 3
        assert result.draft is None
        assert f"does not answer as {PROGRAM} did: agreement of 'probabilities'" in result.sentence
        assert "the conversion changed the model" in result.sentence
        assert result.outcome.candidates == []
        original = result.outcome.original
        assert original is not None
        assert original.reference is not None

    def test_the_labels_judge_it_where_there_are_some(self, build: Callable[..., Result]) -> None:
        # The other program decides as the labels say; the model errs on some 3 % of them.
        _, labels = dense_data(600)
        result = build(lambda value: np.eye(value.shape[1], dtype=np.float32)[labels], labelled=True)
        assert result.code == 3
        assert "accuracy loss of 'probabilities'" in result.sentence

    def test_more_than_rounding_is_a_warning_where_the_gate_allows_it(self, build: Callable[..., Result]) -> None:
        result = build(lambda value: value * 1.02, recipe=DYNAMIC_RANGE)
        assert result.code == 0, result.sentence
        assert any("1.96% of their norm" in warning for warning in result.outcome.warnings)

    def test_candidates_are_judged_by_the_other_programs_answers(self, build: Callable[..., Result]) -> None:
        # 3 % of norm between the model and the answers are allowed, and the candidate differs as much.
        result = build(lambda value: value * 1.03, recipe=DYNAMIC_RANGE, gate=gate(("maxRelativeError", 0.05)))
        evaluation = result.published.evaluation
        assert evaluation is not None
        assert evaluation.outputs["probabilities"].relative_error == pytest.approx(0.03 / 1.03, rel=0.1)

    def test_both_parts_of_the_data_have_their_own_answers(self, build: Callable[..., Result]) -> None:
        search = {"objective": "size", "maxAccuracyLoss": 0.02}
        result = build(labelled=True, recipe={"kind": "search", "search": search, "steps": DYNAMIC_RANGE["steps"]})
        assert result.code == 0, result.sentence
        # Rows and answers that do not belong together decide otherwise almost everywhere.
        for candidate in result.outcome.candidates:
            assert candidate.metrics is not None
            agreement = candidate.metrics.outputs["probabilities"].agreement
            assert agreement is not None
            assert agreement > 0.98

    def test_answers_of_another_shape_are_refused(self, build: Callable[..., Result]) -> None:
        result = build(lambda value: value[:, :2])
        assert result.code == 2
        assert "'reference/probabilities' have the shape [2]" in result.sentence

    def test_the_report_names_whose_answers_are_the_reference(
        self, build: Callable[..., Result], tmp_path: Path
    ) -> None:
        result = build(recipe=DYNAMIC_RANGE)
        write_report(tmp_path, Job.model_validate(job_data(recipe=DYNAMIC_RANGE)), result.outcome, result.draft)
        for name in ("report.html", "model-card.md"):
            page = (tmp_path / "report" / name).read_text(encoding="utf-8")
            assert f"to which the answers of {PROGRAM} are the reference" in page
            assert "before its optimization" in page


def _spec(*outputs: str) -> SignatureSpec:
    shape = (None, 2)
    return SignatureSpec(
        "serving_default",
        "tensorflow/serving/predict",
        {"x": TensorSpec("float32", shape, "")},
        {name: TensorSpec("float32", shape, "") for name in outputs},
    )


class TestTheData:
    @pytest.fixture
    def read(self, tmp_path: Path) -> Callable[..., Dataset]:
        def read(spec: SignatureSpec, arrays: dict[str, Any]) -> Dataset:
            np.savez(tmp_path / "data.npz", **arrays)
            return read_dataset(tmp_path / "data.npz", spec, None, batched=True, labels=None)

        return read

    def test_rows_keep_their_answers(self, read: Callable[..., Dataset]) -> None:
        answers = np.arange(10.0).reshape(5, 2)
        data = read(_spec("y"), {"anything": np.ones((5, 2)), "reference/y": answers, "reference": np.array(PROGRAM)})
        assert data.program == PROGRAM
        assert data.take(np.array([3, 1])).answers["y"].tolist() == [[6, 7], [2, 3]]

    def test_an_input_of_that_name_is_no_answer(self, read: Callable[..., Dataset]) -> None:
        assert read(_spec("y"), {"reference": np.ones((5, 2))}).answers == {}

    def test_everything_that_does_not_fit_is_said_at_once(self, read: Callable[..., Dataset]) -> None:
        arrays = {"x": np.ones((5, 2)), "reference/y": np.ones((4, 3)), "reference/other": np.ones((5, 2))}
        with pytest.raises(BadInputError) as error:
            read(_spec("y", "z"), arrays)
        assert "answers of another program for 'other', 'y', but the outputs of 'serving_default' are 'y', 'z'" in str(
            error.value
        )
        assert "'reference/y' has 4 rows, and the inputs have 5" in str(error.value)
        assert "the rows of 'reference/y' have the shape [3], but the model answers float32[?, 2]" in str(error.value)

    def test_text_is_no_answer_of_a_model_of_numbers(self, read: Callable[..., Dataset]) -> None:
        with pytest.raises(BadInputError, match="'reference/y' is <U1, but the model answers float32"):
            read(_spec("y"), {"x": np.ones((5, 2)), "reference/y": np.full((5, 2), "a")})

    @pytest.mark.parametrize("name", [np.array(7), np.array(["a", "b"]), np.array("two\nlines"), np.array("a" * 101)])
    def test_the_programs_name_is_one_line(self, read: Callable[..., Dataset], name: np.ndarray) -> None:
        with pytest.raises(BadInputError, match="must be the name of the program"):
            read(_spec("y"), {"x": np.ones((5, 2)), "reference/y": np.ones((5, 2)), "reference": name})

    def test_answers_are_no_part_of_what_a_model_is_trained_with(self, read: Callable[..., Dataset]) -> None:
        data = read(_spec("y"), {"x": np.ones((5, 2)), "reference/y": np.ones((5, 2))})
        _, arrays = carried(TrainingSet("serving_default", data, {}, {}))
        assert list(arrays) == ["inputs/x"]
