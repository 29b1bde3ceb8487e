from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_optimizer.data import Dataset
from tensorflow_optimizer.documents.job import ModelTask
from tensorflow_optimizer.evaluation.tasks import OutputTask, has_form
from tensorflow_optimizer.training import TrainingSet, augmented, joined
from tensorflow_optimizer.training.training_loop import Hyperparameters, train

_COUNT = 40


def training_set(inputs: Any, answers: Any, **fields: Any) -> TrainingSet:
    tasks = {"y": OutputTask(ModelTask.REGRESSION)}
    return TrainingSet("serving_default", Dataset({"x": inputs}, batched=True), {"y": answers}, tasks, **fields)


def towards_one() -> TrainingSet:
    """Every sample is to be answered by 1."""
    return training_set(np.zeros((_COUNT, 1), np.float32), np.ones((_COUNT, 1), np.float32))


class Scripted:
    """A model whose one variable takes scripted values, one value an epoch: the loss is its distance from 1."""

    def __init__(self, values: list[float]) -> None:
        self.value = tf.Variable(0.0)
        self.variables = [self.value]
        self._values = tf.constant(values)
        self._next = tf.Variable(0)

    def function(self, x: Any) -> dict[str, Any]:
        return {"y": tf.zeros_like(x) + self.value}

    def before(self, number: int, total: int) -> None:
        """Prepare nothing."""

    def constrain(self) -> None:
        self.value.assign(self._values[self._next])
        self._next.assign_add(1)

    def is_whole(self) -> bool:
        return True

    def train(self) -> str | None:
        training, _ = towards_one().split(0)
        epochs, size = int(self._values.shape[0]), training.dataset.count
        hyperparameters = Hyperparameters(epochs=epochs, learning_rate=1e-9, batch_size=size, seed=0)
        return train(self, towards_one(), hyperparameters, [np.float32(0)])


def test_the_best_epoch_is_kept_and_not_the_last() -> None:
    model = Scripted([0.5, 0.9, 3.0, 4.0])
    assert model.train() is None
    assert float(model.value) == pytest.approx(0.9)


def test_a_loss_that_is_not_a_number_keeps_the_best_epoch_before_it() -> None:
    model = Scripted([0.5, 0.9, float("nan"), 0.99])
    problem = model.train()
    assert problem is not None
    assert "no finite number" in problem
    assert float(model.value) == pytest.approx(0.9)


def test_training_without_improvement_keeps_the_initial_weights() -> None:
    model = Scripted([-3.0, 5.0])
    model.train()
    assert float(model.value) == 0


def test_validation_samples_are_not_trained_on_in_changed_copies() -> None:
    samples = Dataset({"x": np.random.default_rng(3).random((_COUNT, 2), np.float32)}, batched=True)
    everything = joined([samples, *(augmented(samples, seed) for seed in (1, 2))])
    whose = np.tile(np.arange(_COUNT, dtype=np.float32), 3)
    training, validation = training_set(everything.inputs["x"], whose, versions=3).split(seed=5)
    known, others = validation.answers["y"], training.answers["y"]
    assert not set(known) & set(others)
    assert sorted(others) == sorted(np.repeat(np.setdiff1d(np.arange(_COUNT), known), 3))
    assert np.array_equal(validation.dataset.inputs["x"], samples.inputs["x"][known.astype(int)])


def test_an_epoch_holds_every_sample_as_often_and_the_next_one_holds_others_of_its_copies() -> None:
    whose = np.tile(np.arange(_COUNT, dtype=np.float32), 16)
    samples = training_set(np.zeros((16 * _COUNT, 1), np.float32), whose, versions=16)
    epochs = [samples.epoch(number, np.random.default_rng(number)) for number in range(4)]
    for rows in epochs:
        assert np.array_equal(np.sort(whose[rows]), np.sort(np.tile(np.arange(_COUNT), 8)))
    assert not set(epochs[0]) & set(epochs[1])
    assert len(set(epochs[0]) | set(epochs[1])) == 16 * _COUNT
    assert set(epochs[0]) == set(epochs[2])


@pytest.mark.parametrize(
    ("task", "output", "fits"),
    [
        (OutputTask(ModelTask.MULTICLASS), [[0.2, 0.8]], True),
        (OutputTask(ModelTask.MULTICLASS), [[0.2, 0.3]], False),
        (OutputTask(ModelTask.MULTICLASS), [[-1.0, 2.0]], False),
        (OutputTask(ModelTask.MULTICLASS, logits=True), [[-1.0, 2.0]], True),
        (OutputTask(ModelTask.MULTICLASS, logits=True), [[0.2, 0.8]], False),
        (OutputTask(ModelTask.BINARY), [[0.4]], True),
        (OutputTask(ModelTask.BINARY), [[-2.0]], False),
        (OutputTask(ModelTask.MULTILABEL, logits=True), [[0.4, 0.9]], True),
        (OutputTask(ModelTask.REGRESSION), [[7.0]], True),
    ],
)
def test_scores_are_distinguished_from_probabilities(
    task: OutputTask, output: list[list[float]], *, fits: bool
) -> None:
    assert has_form(task, np.array(output, np.float32)) is fits
