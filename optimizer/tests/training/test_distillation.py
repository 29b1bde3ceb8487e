from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow as tf
from sample_functions import CLASSES, FEATURES, Function, function, save, spec
from sample_jobs import gate
from tensorflow_optimizer.data import Dataset
from tensorflow_optimizer.data.splits import split
from tensorflow_optimizer.documents.job import Student
from tensorflow_optimizer.hints import Hint
from tensorflow_optimizer.runners import SavedModelRunner
from tensorflow_optimizer.signatures import read_signatures
from tensorflow_optimizer.sources.saved_model_files import read_meta_graph
from tensorflow_optimizer.training import augmented

if TYPE_CHECKING:
    from pathlib import Path

    from sample_jobs import Result, Runs
    from sample_models import SampleModels
    from tensorflow_optimizer.documents.outcome import OutputMetrics

LENIENT = gate(("minAgreement", 0.01), ("maxAccuracyLoss", 0.99))
GIVEN = {"given": {"packaging": "zip", "identity": {"digest": "1" * 64}}}


def recipe(student: str | dict[str, Any], *later: dict[str, Any], **fields: Any) -> dict[str, Any]:
    chosen = {"size": student} if isinstance(student, str) else student
    step = {"step": "distillation", "student": chosen, "epochs": 20, **fields}
    return {"kind": "steps", "steps": [step, *later]}


def figures(result: Result, output: str = "probabilities") -> OutputMetrics:
    metrics = result.outcome.candidates[0].metrics
    assert metrics is not None, result.sentence
    return metrics.outputs[output]


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model that is larger than what it has to say."""
    module = Function()
    module.weights = [tf.Variable(wide_weight) for wide_weight in wide_weights()]

    def body(features: Any) -> dict[str, Any]:
        return {"probabilities": tf.nn.softmax(features @ module.weights[0] @ module.weights[1])}

    module.body = tf.function(body, input_signature=[spec([None, FEATURES], "features")])
    return save(tmp_path_factory.mktemp("teacher") / "model", module, serving_default=module.body)


@pytest.fixture(scope="module")
def tflite(teacher: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("tflite") / "model.tflite"
    file.write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(teacher)).convert())
    return file


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    features = wide_features()
    labels = (features @ wide_weights()[0] @ wide_weights()[1]).argmax(axis=1)
    labels[::25] = (labels[::25] + 1) % CLASSES
    file = tmp_path_factory.mktemp("data") / "labelled.npz"
    np.savez(file, features=features, labels=labels)
    return file


@pytest.fixture(scope="module")
def unlabelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("data") / "unlabelled.npz"
    np.savez(file, features=wide_features())
    return file


def wide_weights() -> tuple[Any, Any]:
    random = np.random.default_rng(21)
    first, second = random.standard_normal((FEATURES, 512)) / 4, random.standard_normal((512, CLASSES)) / 8
    return first.astype(np.float32), second.astype(np.float32)


def wide_features() -> Any:
    return np.random.default_rng(22).standard_normal((800, FEATURES)).astype(np.float32)


def given_student(directory: Path, seed: int | None = 3, outputs: int = CLASSES, *, scores: bool = False) -> Path:
    """Save an untrained student with the dense model's signature; without a seed it decides nothing."""
    random = np.random.default_rng(seed)
    values = [random.standard_normal((FEATURES, 12)) * 0.3, random.standard_normal((12, outputs)) * 0.3]
    module = Function()
    module.weights = [tf.Variable((value * (seed is not None)).astype(np.float32)) for value in values]

    def body(features: Any) -> dict[str, Any]:
        last = tf.nn.relu(features @ module.weights[0]) @ module.weights[1]
        return {"probabilities": last if scores else tf.nn.softmax(last)}

    module.body = tf.function(body, input_signature=[spec([None, FEATURES], "features")])
    return save(directory, module, serving_default=module.body)


class TestABuiltStudent:
    @pytest.fixture(scope="class")
    def result(self, teacher: Path, labelled: Path, tmp_path_factory: pytest.TempPathFactory) -> Result:
        from sample_jobs import Runs

        runs = Runs(tmp_path_factory.mktemp("distilled"))
        return runs(teacher, labelled, recipe=recipe("tiny"), gate=LENIENT)

    def test_is_smaller_and_decides_as_its_teacher(
        self, teacher: Path, labelled: Path, result: Result, runs: Runs
    ) -> None:
        original = runs(teacher, labelled, recipe="none").published
        assert result.published.size_bytes < 0.5 * original.size_bytes
        agreement = figures(result).agreement
        assert agreement is not None
        assert agreement > 0.8

    def test_has_its_teachers_signature_and_form(self, result: Result) -> None:
        answer = result.predict({"features": np.ones((1, FEATURES), np.float32)})
        assert list(answer) == ["probabilities"]
        assert answer["probabilities"].shape == (1, CLASSES)
        assert answer["probabilities"].sum() == pytest.approx(1, abs=1e-5)

    def test_is_distinguished_from_one_trained_on_labels_only(self, result: Result) -> None:
        found = figures(result)
        assert found.accuracy is not None
        assert found.accuracy_without_teacher is not None
        assert found.teacher_gain == pytest.approx(found.accuracy - found.accuracy_without_teacher)
        assert found.teacher_gain_interval is not None
        low, high = found.teacher_gain_interval
        assert low <= found.teacher_gain <= high

    @pytest.mark.slow
    def test_comes_out_the_same_again(self, teacher: Path, labelled: Path, result: Result, runs: Runs) -> None:
        again = runs(teacher, labelled, recipe=recipe("tiny"), gate=LENIENT)
        assert (again.output / "model" / "model.tflite").read_bytes() == (
            result.output / "model" / "model.tflite"
        ).read_bytes()


@pytest.mark.slow
def test_without_labels_it_learns_only_from_the_answers(teacher: Path, unlabelled: Path, runs: Runs) -> None:
    result = runs(teacher, unlabelled, recipe=recipe("medium"), gate=gate(("minAgreement", 0.7)))
    assert result.statuses == {"distilled medium + float32": "chosen"}, result.sentence
    assert figures(result).teacher_gain is None


@pytest.mark.slow
def test_later_steps_apply_to_the_student(teacher: Path, labelled: Path, runs: Runs) -> None:
    later = [{"step": "pruning", "sparsity": 0.5}, {"step": "quantization", "mode": "dynamicRange"}]
    result = runs(teacher, labelled, recipe=recipe("medium", *later), gate=LENIENT)
    assert result.statuses == {"distilled medium + pruned 50% + dynamicRange": "chosen"}, result.sentence
    plain = runs(teacher, labelled, recipe=recipe("medium"), gate=LENIENT)
    pruned, dense = result.published.evaluation, plain.published.evaluation
    assert pruned is not None
    assert dense is not None
    assert (pruned.compressed_bytes or 0) < 0.7 * (dense.compressed_bytes or 0)


@pytest.mark.slow
@pytest.mark.parametrize("last", [[], [{"step": "freeze"}]])
def test_it_takes_the_original_s_place_in_tensorflow_serving(
    teacher: Path, labelled: Path, last: list[dict[str, Any]], runs: Runs
) -> None:
    result = runs(teacher, labelled, recipe=recipe("tiny", *last), gate=LENIENT, format="saved_model")
    assert next(iter(result.statuses.values())) == "chosen", result.sentence
    specs = read_signatures(read_meta_graph(result.output / "model", ["serve"]))
    runner = SavedModelRunner(result.output / "model", ["serve"], specs)
    answer = runner.run("serving_default", {"features": np.ones((3, FEATURES), np.float32)})
    assert answer["probabilities"].shape == (3, CLASSES)
    assert figures(result).teacher_gain is not None


@pytest.mark.slow
class TestAGivenStudent:
    def test_is_trained(self, teacher: Path, labelled: Path, runs: Runs, tmp_path: Path) -> None:
        student = given_student(tmp_path / "student")
        result = runs(teacher, labelled, recipe=recipe(GIVEN, epochs=40), gate=LENIENT, students=[student])
        found = figures(result)
        assert found.accuracy is not None
        assert found.accuracy > 0.6
        assert result.outcome.candidates[0].name == "distilled given 11111111 + float32"

    def test_may_be_a_keras_file(self, models: SampleModels, runs: Runs) -> None:
        data = models.root / "images.npz"
        np.savez(data, np.random.default_rng(5).random((200, 8, 8, 1), np.float32))
        given = {"given": {"packaging": "file", "fileName": "conv.keras", "identity": {"digest": "2" * 64}}}
        limits = gate(("minAgreement", 0.95))
        # Its own copy as its student: as good as the teacher from the start, and never worse than that.
        result = runs(models.h5_file, data, recipe=recipe(given), gate=limits, students=[models.keras_file])
        assert result.statuses == {"distilled conv.keras + float32": "chosen"}, result.sentence

    def test_with_another_signature_is_refused(self, teacher: Path, labelled: Path, runs: Runs, tmp_path: Path) -> None:
        student = given_student(tmp_path / "student", outputs=CLASSES + 1)
        result = runs(teacher, labelled, recipe=recipe(GIVEN), students=[student])
        assert result.code == 2
        assert "its output 'probabilities' is float32[?, 5] instead of float32[?, 4]" in result.sentence
        assert not (result.output / "model").exists()

    def test_that_answers_in_another_form_is_refused(
        self, teacher: Path, labelled: Path, runs: Runs, tmp_path: Path
    ) -> None:
        student = given_student(tmp_path / "student", scores=True)
        result = runs(teacher, labelled, recipe=recipe(GIVEN), gate=LENIENT, students=[student])
        assert result.code == 2
        assert "'probabilities' holds scores, and its teacher's holds probabilities" in result.sentence
        assert "end the student with softmax" in result.sentence

    def test_that_has_nothing_to_train_is_refused(
        self, teacher: Path, labelled: Path, runs: Runs, tmp_path: Path
    ) -> None:
        fixed = function(
            tmp_path / "fixed",
            lambda features: {"probabilities": tf.nn.softmax(features[:, :CLASSES])},
            spec([None, FEATURES], "features"),
        )
        result = runs(teacher, labelled, recipe=recipe(GIVEN), students=[fixed])
        assert result.code == 4
        assert "no variables that can be trained" in result.sentence

    def test_that_is_missing_or_is_a_tflite_file_is_refused(
        self, teacher: Path, labelled: Path, models: SampleModels, runs: Runs
    ) -> None:
        missing = runs(teacher, labelled, recipe=recipe(GIVEN))
        tflite = runs(teacher, labelled, recipe=recipe(GIVEN), students=[models.tflite])
        assert (missing.code, tflite.code) == (2, 4)
        assert "names 1 students, and 0 were given" in missing.sentence
        assert "is a .tflite file, whose weights cannot be trained" in tflite.sentence


@pytest.mark.slow
def test_a_tflite_file_teaches(labelled: Path, tflite: Path, runs: Runs) -> None:
    result = runs(tflite, labelled, recipe=recipe("tiny"), gate=LENIENT)
    assert result.statuses == {"distilled tiny + float32": "chosen"}, result.sentence
    agreement = figures(result).agreement
    assert agreement is not None
    assert agreement > 0.8


def test_a_signature_without_a_batch_gets_a_student_without_one(models: SampleModels, runs: Runs) -> None:
    result = runs(models.static_tflite, models.unlabelled, recipe=recipe("tiny"), gate=gate(("minAgreement", 0.01)))
    assert result.code == 0, result.sentence
    assert not result.published.signatures["serving_default"].batched


def test_a_loss_that_is_not_a_number_ends_the_training_and_not_the_job(
    teacher: Path, labelled: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tensorflow_optimizer.training.trainer._LEAF", "lying_builders")
    result = runs(teacher, labelled, recipe=recipe("tiny"), gate=LENIENT)
    assert result.code == 0, result.sentence
    assert any(
        "training the student was given up (the loss was no finite" in warning for warning in result.outcome.warnings
    )


@pytest.mark.parametrize(
    ("steps", "data", "words"),
    [
        ([{"step": "pruning", "sparsity": 0.5}, recipe("tiny")["steps"][0]], True, "use distillation, pruning"),
        ([{"step": "quantization", "mode": "float16"}, recipe("tiny")["steps"][0]], True, "is trained first"),
        ([recipe("tiny")["steps"][0], recipe("small")["steps"][0]], True, "distills twice"),
        (recipe("tiny")["steps"], False, "needs real inputs to ask the original about"),
    ],
)
def test_an_illegal_order_or_a_missing_part_names_the_way_out(
    steps: list[dict[str, Any]], data: bool, words: str, teacher: Path, labelled: Path, runs: Runs
) -> None:
    result = runs(teacher, labelled if data else None, recipe={"kind": "steps", "steps": steps})
    assert result.code == 2
    assert words in result.sentence


def test_alpha_needs_labels_and_training_needs_samples(
    teacher: Path, unlabelled: Path, runs: Runs, tmp_path: Path
) -> None:
    alpha = runs(teacher, unlabelled, recipe=recipe("tiny", alpha=0.5))
    few = tmp_path / "few.npz"
    np.savez(few, np.zeros((40, FEATURES), np.float32))
    short = runs(teacher, few, recipe=recipe("tiny"))
    assert (alpha.code, short.code) == (2, 2)
    assert "evaluation data has no labels" in alpha.sentence
    assert "has 20 samples, and needs 64" in short.sentence


def test_alpha_says_that_labels_of_amounts_are_not_learned_from(runs: Runs, tmp_path: Path) -> None:
    model = function(
        tmp_path / "sum", lambda features: {"sum": tf.reduce_sum(features, axis=1)}, spec([None, FEATURES], "features")
    )
    features = np.random.default_rng(1).standard_normal((300, FEATURES)).astype(np.float32)
    np.savez(tmp_path / "sums.npz", features=features, labels=features.sum(axis=1))
    result = runs(model, tmp_path / "sums.npz", recipe=recipe("tiny", alpha=0.5), tasks={"sum": "regression"})
    assert result.code == 2
    assert "labels of amounts only, which a student does not learn from" in result.sentence


def test_no_student_is_built_for_numbers_of_words(runs: Runs, tmp_path: Path) -> None:
    table = tf.Variable(np.random.default_rng(0).standard_normal((20, 3)).astype(np.float32))
    module = Function()
    module.table = table
    module.body = tf.function(
        lambda tokens: {"scores": tf.reduce_mean(tf.gather(table, tokens), axis=1)},
        input_signature=[spec([None, 5], "tokens", tf.int32)],
    )
    model = save(tmp_path / "words", module, serving_default=module.body)
    np.savez(tmp_path / "words.npz", np.random.default_rng(1).integers(0, 20, (200, 5), np.int32))
    result = runs(model, tmp_path / "words.npz", recipe=recipe("tiny"))
    assert result.code == 4
    assert "'tokens' takes int32" in result.sentence
    assert "give a student of your own" in result.sentence
    assert result.outcome.hints == [Hint.STUDENT]


@pytest.mark.slow
def test_images_and_series_go_through_convolutions(runs: Runs, tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    mix = tf.constant(random.standard_normal((10 * 12 * 2 + 20 * 3, 3)).astype(np.float32) / 10)

    def body(image: Any, series: Any) -> dict[str, Any]:
        flat = tf.concat([tf.reshape(image, [-1, 240]), tf.reshape(series, [-1, 60])], axis=1)
        return {"logits": flat @ mix, "level": tf.reduce_mean(series, axis=[1, 2])}

    model = function(tmp_path / "m", body, spec([None, 10, 12, 2], "image"), spec([None, 20, 3], "series"))
    inputs = {"image": random.random((300, 10, 12, 2), np.float32), "series": random.random((300, 20, 3), np.float32)}
    np.savez(tmp_path / "data.npz", **inputs)
    limits = gate(("minAgreement", 0.4), ("maxRelativeError", 2))
    tasks = {"logits": "multiclass", "level": "regression"}
    result = runs(model, tmp_path / "data.npz", recipe=recipe("small", epochs=25), gate=limits, tasks=tasks)
    assert result.code == 0, result.sentence
    answer = result.predict({name: value[:1] for name, value in inputs.items()})
    assert {name: value.shape for name, value in answer.items()} == {"logits": (1, 3), "level": (1,)}


def test_copies_of_images_move_and_keep_their_size_and_labels() -> None:
    images = np.zeros((50, 14, 14, 1), np.float32)
    images[:, 7, 7] = 1
    dataset = Dataset({"image": images}, batched=True, labels={"y": np.arange(50)})
    copy = augmented(dataset, seed=1)
    places = np.argwhere(copy.inputs["image"][..., 0] == 1)[:, 1:]
    assert copy.inputs["image"].shape == images.shape
    near = {(7 + down, 7 + right) for down in (-1, 0, 1) for right in (-1, 0, 1)}
    assert set(map(tuple, np.unique(places, axis=0).tolist())) == near
    assert np.array_equal(copy.labels["y"], dataset.labels["y"])
    assert np.array_equal(augmented(dataset, seed=1).inputs["image"], copy.inputs["image"])


def test_its_training_rows_neither_select_nor_judge() -> None:
    parts = split(Dataset({"x": np.arange(900)}, batched=True), 1, select=True, train=True)
    training = set(parts.training.inputs["x"].tolist())
    assert not training & {*parts.selection.inputs["x"].tolist(), *parts.gate.inputs["x"].tolist()}


@pytest.mark.parametrize("both", [{}, {"size": "tiny", **GIVEN}])
def test_a_student_is_built_or_given(both: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="either a size"):
        Student.model_validate(both)
