from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from tensorflow_optimizer.documents.job import ModelTask
from tensorflow_optimizer.errors import BadInputError
from tensorflow_optimizer.evaluation import OutputTask, check_chance, compare, infer_tasks, rate, statistics
from tensorflow_optimizer.evaluation.compare import check_labels, truth_of
from tensorflow_optimizer.evaluation.statistics import decibels, paired_loss, proportion, relative_error

RANDOM = np.random.default_rng(5)
PROBABILITIES = RANDOM.dirichlet(np.ones(4), 200).astype(np.float32)
LOGITS = RANDOM.standard_normal((200, 4)).astype(np.float32) * 3
UNIT = RANDOM.uniform(0, 1, (200, 1)).astype(np.float32)
MANY = RANDOM.uniform(0, 1, (200, 4)).astype(np.float32)
MASKS = RANDOM.uniform(0, 1, (200, 4, 3, 1)).astype(np.float32)


def inferred(output: Any, labels: Any = None, name: str = "y", classes: list[str] | None = None) -> tuple[str, bool]:
    task = infer_tasks({name: output}, {} if labels is None else {name: labels}, {}, classes)[name]
    return task.task.value, task.logits


@pytest.mark.parametrize(
    ("output", "labels", "expected"),
    [
        (PROBABILITIES, None, ("multiclass", False)),
        (PROBABILITIES, np.zeros(200, int), ("multiclass", False)),
        (PROBABILITIES, np.eye(4, dtype=int)[np.zeros(200, int)], ("multiclass", False)),
        (LOGITS, np.zeros(200, int), ("multiclass", True)),
        (LOGITS, np.eye(4)[np.zeros(200, int)], ("multiclass", True)),
        (LOGITS, None, ("regression", False)),
        (UNIT, None, ("binary", False)),
        (UNIT[:, 0], np.zeros(200, int), ("binary", False)),
        (UNIT * 10 - 5, np.zeros(200, int), ("binary", True)),
        (UNIT * 10 - 5, None, ("regression", False)),
        (UNIT * 10, RANDOM.uniform(0, 9, 200), ("regression", False)),
        (MANY, None, ("multilabel", False)),
        (MANY, RANDOM.integers(0, 2, (200, 4)), ("multilabel", False)),
        (LOGITS, RANDOM.uniform(0, 9, (200, 4)), ("regression", False)),
        (RANDOM.integers(0, 9, 200), None, ("multiclass", False)),
        (RANDOM.standard_normal((200, 8, 8, 3)), None, ("regression", False)),
    ],
)
def test_the_task_is_inferred_from_labels_and_values(output: Any, labels: Any, expected: tuple[str, bool]) -> None:
    assert inferred(output, labels) == expected


@pytest.mark.parametrize(
    ("output", "labels", "expected"),
    [
        # A measurement between 0 and 1.
        (UNIT, RANDOM.uniform(0, 1, 200), ("regression", False)),
        (UNIT, RANDOM.uniform(0, 1, (200, 1)), ("regression", False)),
        (UNIT, RANDOM.integers(0, 5, 200), ("regression", False)),
        # Two classes under other numbers: the labels are refused, with the way out.
        (UNIT, RANDOM.integers(1, 3, 200), ("binary", False)),
        # A fixed batch of one: every static .tflite file.
        (UNIT[:, None], RANDOM.integers(0, 2, 200), ("binary", False)),
        (UNIT[:, None], RANDOM.integers(0, 2, (200, 1)), ("binary", False)),
        (UNIT[:, None], None, ("binary", False)),
        (UNIT[:, None], RANDOM.uniform(0, 1, 200), ("regression", False)),
        (UNIT[:, None] * 10 - 5, RANDOM.integers(0, 2, 200), ("binary", True)),
        (PROBABILITIES[:, None], RANDOM.integers(0, 4, 200), ("multiclass", False)),
        (PROBABILITIES[:, None], np.eye(4, dtype=int)[RANDOM.integers(0, 4, 200)], ("multiclass", False)),
        (LOGITS[:, None], np.eye(4)[RANDOM.integers(0, 4, 200)], ("multiclass", True)),
        (LOGITS[:, None], np.eye(4)[RANDOM.integers(0, 4, 200)][:, None], ("multiclass", True)),
        (MANY[:, None], RANDOM.integers(0, 2, (200, 4)), ("multilabel", False)),
        (MANY[:, None], None, ("multilabel", False)),
        # Masks.
        (MASKS, RANDOM.integers(0, 2, (200, 4, 3)), ("binary", False)),
        (MASKS, RANDOM.integers(0, 2, (200, 4, 3, 1)), ("binary", False)),
        (MASKS[:, None], RANDOM.integers(0, 2, (200, 4, 3)), ("binary", False)),
        (MASKS, RANDOM.uniform(0, 1, (200, 4, 3)), ("regression", False)),
        (MASKS, RANDOM.integers(0, 2, 200), ("regression", False)),
        (MASKS, None, ("regression", False)),
    ],
)
def test_every_common_form_of_an_output_is_understood_and_its_labels_belong_to_it(
    output: Any, labels: Any, expected: tuple[str, bool]
) -> None:
    assert inferred(output, labels) == expected
    if labels is None or expected[0] == "regression" or (labels.max() > 1 and output.shape[-1] == 1):
        return
    task = infer_tasks({"y": output}, {"y": labels}, {}, None)["y"]
    check_labels("y", task, output, labels)
    right = truth_of(task, output, labels) == task.decisions(output)
    assert rate(task, output, labels).accuracy == pytest.approx(right.mean())


def test_text_is_correct_if_it_equals_the_text_of_the_label() -> None:
    output = np.array([b"cat", b"dog", b"cat"] * 20, dtype=object)
    labels = np.array([b"cat", b"dog", b"dog"] * 20, dtype=object)
    task = infer_tasks({"y": output}, {"y": labels}, {}, None)["y"]
    check_labels("y", task, output, labels)
    check_chance({"y": output}, {"y": labels}, {"y": task})
    assert rate(task, output, labels).accuracy == pytest.approx(2 / 3)


def test_names_tell_logits_from_numbers() -> None:
    assert inferred(LOGITS, name="logits") == ("multiclass", True)
    assert inferred(LOGITS, classes=["a", "b", "c", "d"]) == ("multiclass", True)
    assert inferred(LOGITS, classes=["a", "b"]) == ("regression", False)


def test_a_stated_task_wins_and_must_fit() -> None:
    stated = infer_tasks({"y": LOGITS}, {}, {"y": ModelTask.MULTICLASS}, None)["y"]
    assert (stated.task, stated.logits, stated.stated) == (ModelTask.MULTICLASS, True, True)
    with pytest.raises(BadInputError, match="which has float32 of shape \\[1\\]"):
        infer_tasks({"y": UNIT}, {}, {"y": ModelTask.MULTICLASS}, None)
    with pytest.raises(BadInputError, match="a task for 'z', but the outputs are 'y'"):
        infer_tasks({"y": UNIT}, {}, {"z": ModelTask.BINARY}, None)


def test_one_unit_is_decided_by_a_threshold_not_by_argmax() -> None:
    task = OutputTask(ModelTask.BINARY)
    figures = compare(task, UNIT, 1 - UNIT, None, seed=0, real=True)
    assert figures.agreement is not None
    assert figures.agreement < 0.05


def test_an_answer_that_is_not_a_number_agrees_with_nothing() -> None:
    broken = np.full_like(PROBABILITIES, np.nan)
    assert compare(OutputTask(ModelTask.MULTICLASS), PROBABILITIES, broken, None, seed=0, real=True).agreement == 0.0


def test_generated_inputs_never_count_as_agreement() -> None:
    figures = compare(OutputTask(ModelTask.MULTICLASS), PROBABILITIES, PROBABILITIES, None, seed=0, real=False)
    assert figures.agreement is None
    assert figures.accuracy is None
    assert figures.relative_error == 0.0


def test_accuracy_loss_is_paired() -> None:
    labels = PROBABILITIES.argmax(axis=1)
    worse = PROBABILITIES.copy()
    worse[:10] = np.roll(worse[:10], 1, axis=1)
    figures = compare(OutputTask(ModelTask.MULTICLASS), PROBABILITIES, worse, labels, seed=0, real=True)
    assert rate(OutputTask(ModelTask.MULTICLASS), PROBABILITIES, labels).accuracy == 1.0
    assert figures.accuracy_loss == pytest.approx(0.05)
    assert figures.accuracy_loss_interval is not None
    low, high = figures.accuracy_loss_interval
    assert 0 < low < 0.05 < high < 0.1


def test_the_interval_of_no_difference_is_not_empty_and_shrinks_with_samples() -> None:
    widths = []
    for count in (100, 1000):
        mean, (low, high) = paired_loss(np.ones(count), np.ones(count))
        assert mean == 0
        assert low < 0 < high
        widths.append(high - low)
    assert widths[0] > 5 * widths[1]


def test_paired_intervals_cover_the_truth() -> None:
    """1000 experiments with a true loss of 2 points: about 95 of 100 intervals hold it."""
    random = np.random.default_rng(1)
    covered = 0
    for _ in range(1000):
        draw = random.random(500)
        original, candidate = draw >= 0.01, (draw < 0.97)
        _, (low, high) = paired_loss(original.astype(float), candidate.astype(float))
        covered += low <= 0.02 <= high
    assert 930 <= covered <= 985


def test_proportions_have_wilsons_interval() -> None:
    mean, (low, high) = proportion(np.ones(100))
    assert (mean, high) == (1.0, 1.0)
    assert low == pytest.approx(0.963, abs=0.001)


def test_relative_error_is_euclidean_over_all_samples() -> None:
    original = np.full((50, 4), 2.0)
    value, (low, high) = relative_error(original, original * 1.1, 0)
    assert value == pytest.approx(0.1)
    assert low == pytest.approx(0.1)
    assert high == pytest.approx(0.1)
    assert decibels(0.1) == pytest.approx(20.0)
    assert relative_error(np.zeros((3, 2)), np.ones((3, 2)), 0)[0] == np.inf


def test_an_answer_without_numbers_is_infinitely_far_from_one_with() -> None:
    original = np.full((50, 4), 2.0)
    broken = original.copy()
    broken[7, 1] = np.nan
    assert relative_error(original, broken, 0) == (np.inf, (np.inf, np.inf))
    # Where the original has none itself, there is nothing to be away from.
    assert relative_error(broken, original, 0)[0] == 0


def test_the_bootstrap_draws_the_same_however_many_rows_are_drawn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(8)
    original = random.standard_normal((300, 2))
    candidate = original + random.standard_normal((300, 2)) / 10
    at_once = relative_error(original, candidate, 5)
    monkeypatch.setattr(statistics, "_DRAWN_AT_ONCE", 1)
    assert relative_error(original, candidate, 5) == at_once


def test_the_error_of_large_outputs_needs_less_memory_than_they_do() -> None:
    original = np.ones((64, 512, 512), np.float32)
    candidate = original * np.float32(1.5)
    candidate[-1] = 1
    tracemalloc.start()
    error, _ = relative_error(original, candidate, 0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert error == pytest.approx(0.5 * np.sqrt(63 / 64))
    assert peak < original.nbytes / 2
    candidate[-1, 0, 0] = np.nan
    assert relative_error(original, candidate, 0)[0] == np.inf


def test_the_bootstrap_of_many_samples_needs_little_memory() -> None:
    original = np.ones((200_000, 1))
    tracemalloc.start()
    relative_error(original, original * 1.1, 0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64e6


@pytest.mark.parametrize(
    ("task", "output", "labels", "text"),
    [
        (
            OutputTask(ModelTask.MULTICLASS),
            PROBABILITIES,
            np.full(200, 4),
            "from 4 to 4, but it decides between 0 and 3",
        ),
        (OutputTask(ModelTask.MULTICLASS), PROBABILITIES, np.zeros((200, 2)), r"have the shape \[200, 2\]"),
        (OutputTask(ModelTask.BINARY), UNIT, np.full(200, 2), "decides between 0 and 1"),
        (OutputTask(ModelTask.BINARY), UNIT, np.full(200, 2), "say as its task what the output decides"),
        (OutputTask(ModelTask.MULTICLASS), PROBABILITIES, np.zeros((200, 2)), "say as its task"),
        (OutputTask(ModelTask.BINARY), UNIT, np.full(200, 0.37), "float64 with values that number no class"),
    ],
)
def test_labels_that_cannot_belong_to_the_output_are_refused(
    task: OutputTask, output: Any, labels: Any, text: str
) -> None:
    with pytest.raises(BadInputError, match=text):
        check_labels("y", task, output, labels)


class TestChance:
    task = OutputTask(ModelTask.MULTICLASS)
    truth = PROBABILITIES.argmax(axis=1)

    def check(self, labels: Any, output: Any = PROBABILITIES, task: OutputTask | None = None) -> None:
        check_chance({"y": output}, {"y": labels}, {"y": task or self.task})

    def test_good_labels_pass(self) -> None:
        self.check(self.truth)

    def test_shuffled_labels_are_refused(self) -> None:
        with pytest.raises(BadInputError, match="labels or preprocessing do not match this model"):
            self.check(np.random.default_rng(2).permutation(self.truth))

    def test_shifted_labels_are_refused(self) -> None:
        with pytest.raises(BadInputError, match="no better than chance"):
            self.check((self.truth + 1) % 4)

    def test_a_model_that_always_predicts_the_most_frequent_class_is_refused(self) -> None:
        labels = np.zeros(200, int)
        labels[:20] = 1
        with pytest.raises(BadInputError, match=r"90\.0% over 200 samples"):
            self.check(labels, np.tile(np.array([[0.9, 0.1]], np.float32), (200, 1)))

    def test_rare_events_that_are_found_pass(self) -> None:
        labels = np.zeros(200, int)
        labels[:20] = 1
        output = np.where(labels[:, None] == 1, 0.8, 0.1).astype(np.float32)
        output[:8] = 0.1
        self.check(labels, output, OutputTask(ModelTask.BINARY))

    def test_many_rare_labels_of_which_half_are_found_pass(self) -> None:
        random = np.random.default_rng(6)
        labels = (random.random((1000, 20)) < 0.004).astype(int)
        found = labels * (random.random(labels.shape) < 0.5)
        output = np.where(found + (random.random(labels.shape) < 0.001) > 0, 0.9, 0.1).astype(np.float32)
        self.check(labels, output, OutputTask(ModelTask.MULTILABEL))
        with pytest.raises(BadInputError, match="no better than chance"):
            self.check(random.permutation(labels), output, OutputTask(ModelTask.MULTILABEL))

    def test_two_of_five_events_among_many_rows_pass(self) -> None:
        labels = np.zeros(500, int)
        labels[[40, 90, 250, 333, 480]] = 1
        output = np.full((500, 1), 0.1, np.float32)
        output[[90, 333]] = 0.9
        self.check(labels, output, OutputTask(ModelTask.BINARY))
        with pytest.raises(BadInputError, match="say as its task what the output decides"):
            self.check(np.random.default_rng(1).permutation(labels), output, OutputTask(ModelTask.BINARY))

    def test_label_frequencies_alone_are_no_evidence(self) -> None:
        labels = (np.random.default_rng(3).random((600, 3)) < (0.9, 0.1, 0.02)).astype(int)
        output = np.tile(np.array([0.9, 0.1, 0.1], np.float32), (600, 1))
        with pytest.raises(BadInputError, match="no better than chance"):
            self.check(labels, output, OutputTask(ModelTask.MULTILABEL))

    def test_labels_of_one_class_are_compared_with_a_throw_of_a_die(self) -> None:
        self.check(np.zeros(60, int), np.tile(np.float32([[0.9, 0.1]]), (60, 1)))
        with pytest.raises(BadInputError, match=r"no better than chance \(50\.0%\)"):
            self.check(np.zeros(60, int), np.tile(np.float32([[0.1, 0.9]]), (60, 1)))

    def test_a_few_right_answers_pass(self) -> None:
        check_chance({"y": PROBABILITIES[:3]}, {"y": self.truth[:3]}, {"y": self.task})


@pytest.mark.parametrize(
    ("task", "output", "labels", "recall"),
    [
        (OutputTask(ModelTask.BINARY), [[0.9], [0.1], [0.1], [0.1]], [1, 1, 0, 0], (0.5 + 1) / 2),
        (OutputTask(ModelTask.MULTICLASS), np.eye(3)[[0, 0, 0, 2]], [0, 0, 1, 2], (1 + 0 + 1) / 3),
        (OutputTask(ModelTask.MULTILABEL), [[1, 0], [0, 0]], [[1, 1], [0, 0]], (1 + 1 + 0 + 1) / 4),
        (OutputTask(ModelTask.MULTICLASS, indices=True), [7, 9, 9], [7, 9, 7], (0.5 + 1) / 2),
    ],
)
def test_balanced_accuracy_weighs_every_class_equally(
    task: OutputTask, output: Any, labels: Any, recall: float
) -> None:
    value = np.array(output, dtype=np.int64 if task.indices else np.float32)
    assert rate(task, value, np.array(labels)).balanced_accuracy == pytest.approx(recall)
    figures = compare(task, value, value, np.array(labels), seed=0, real=True)
    assert figures.balanced_accuracy == pytest.approx(recall)
