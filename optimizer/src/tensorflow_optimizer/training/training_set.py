"""Samples to train on, with their targets: labels, where there are any, and the original's answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..documents.job import ModelTask
from ..evaluation.compare import truth_of

if TYPE_CHECKING:
    from ..data import Dataset
    from ..evaluation import OutputTask
    from ..runners.runner import Array, Arrays

_SMALLEST = 1e-7
#: Share of the samples that is held out to choose the best state.
_HELD_SHARE = 0.1
_HELD_AT_LEAST = 16
_VERSIONS_AN_EPOCH = 8


@dataclass(frozen=True)
class Target:
    """The targets of one output; dimension 0 is the sample."""

    answers: Array
    """The original's."""
    truth: Array | None
    """The labels, in the form of the output's decisions."""

    def take(self, rows: Array, *, batched: bool) -> tuple[Array, ...]:
        """Select samples, as the loss takes them."""
        both = (self.answers,) if self.truth is None else (self.answers, self.truth)
        return tuple(entry[rows] if batched else entry[rows[0]] for entry in both)


@dataclass(frozen=True)
class TrainingSet:
    """Samples of one signature to train on, with the original's answers."""

    signature: str
    dataset: Dataset
    answers: Arrays
    """The original's, dimension 0 being the sample."""
    tasks: dict[str, OutputTask]
    label_share: float = 1.0
    """Weight of the labels in the loss, at outputs with labels; the rest is that of the original's answers."""
    temperature: float | None = None
    """Learn the original's scores at it; None: learn its numbers as they are."""
    versions: int = 1
    """Copies of each sample: first all samples unchanged, then all of them augmented, in the same order."""

    @cached_property
    def targets(self) -> dict[str, Target]:
        """Return the targets by output. Outputs without a gradient are absent."""
        targets = {}
        for name, value in self.answers.items():
            task = self.tasks[name]
            labels = self.dataset.labels.get(name)
            if value.dtype.kind != "f" or task.indices:
                continue
            usable = labels is not None and task.task is not ModelTask.REGRESSION and self.label_share > 0
            targets[name] = Target(value, truth_of(task, value, labels) if usable and labels is not None else None)
        return targets

    def as_rows(self) -> TrainingSet:
        """Return the same samples as rows of a batch, for a model with any batch size.

        Drops a dimension of 1 in front of every sample, which was a batch of one.
        """
        if self.dataset.batched:
            return self
        values = [*self.dataset.inputs.values(), *self.answers.values()]
        single = all(value.shape[1:2] == (1,) for value in values)
        inputs = {name: value[:, 0] if single else value for name, value in self.dataset.inputs.items()}
        answers = {name: value[:, 0] if single else value for name, value in self.answers.items()}
        return replace(self, dataset=replace(self.dataset, inputs=inputs, batched=True), answers=answers)

    def epoch(self, number: int, random: np.random.Generator) -> Array:
        """Return the rows of one epoch, shuffled.

        Each sample appears in at most `_VERSIONS_AN_EPOCH` of its versions, with others in the next epoch: varying data
        cannot be memorized, and costs nothing more.
        """
        count, some = self.dataset.count // self.versions, min(self.versions, _VERSIONS_AN_EPOCH)
        chosen = [(number * some + entry) % self.versions for entry in range(some)]
        return random.permutation(np.concatenate([np.arange(count) + entry * count for entry in chosen]))

    def split(self, seed: int) -> tuple[TrainingSet, TrainingSet]:
        """Split into samples to train on and held-out samples for validation.

        No modified copy of a held-out sample is in the first part, which would make memorization look like success.
        """
        count = self.dataset.count // self.versions
        held = min(count // 2, max(_HELD_AT_LEAST, int(count * _HELD_SHARE)))
        order = np.random.default_rng(seed).permutation(count)
        training = [np.sort(order[held:]) + number * count for number in range(self.versions)]
        return self._take(np.concatenate(training), self.versions), self._take(np.sort(order[:held]), 1)

    def _take(self, rows: Array, versions: int) -> TrainingSet:
        answers = {name: value[rows] for name, value in self.answers.items()}
        return replace(self, dataset=self.dataset.take(rows), answers=answers, versions=versions)

    def loss(self, name: str, output: Any, target: tuple[Any, ...]) -> Any:
        """Return the mean loss of one output over a batch.

        Args:
            name: The output's name.
            output: The model's answers.
            target: Result of `Target.take`.
        """
        if len(target) == 1:
            return self._from_original(name, output, target[0])
        own = self._from_labels(name, output, target[1])
        if self.label_share == 1:
            return own
        return self.label_share * own + (1 - self.label_share) * self._from_original(name, output, target[0])

    def _from_labels(self, name: str, output: Any, truth: Any) -> Any:
        import tensorflow as tf

        scores = self._scores(name, output)
        if self.tasks[name].task is ModelTask.MULTICLASS:
            return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(tf.cast(truth, tf.int64), scores))
        target = tf.reshape(tf.cast(truth, scores.dtype), tf.shape(scores))
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(target, scores))

    def _from_original(self, name: str, output: Any, answers: Any) -> Any:
        import tensorflow as tf

        task, temperature = self.tasks[name], self.temperature
        if temperature is None or task.task is ModelTask.REGRESSION:
            # Applies to scores, probabilities and measurements alike.
            return tf.reduce_mean(tf.square(output - answers)) / self._scale(name)
        own, target = self._scores(name, output) / temperature, self._scores(name, answers) / temperature
        if task.task is ModelTask.MULTICLASS:
            losses = tf.nn.softmax_cross_entropy_with_logits(tf.nn.softmax(target), own)
            floor = tf.nn.softmax_cross_entropy_with_logits(tf.nn.softmax(target), target)
        else:
            losses = tf.nn.sigmoid_cross_entropy_with_logits(tf.nn.sigmoid(target), own)
            floor = tf.nn.sigmoid_cross_entropy_with_logits(tf.nn.sigmoid(target), target)
        # Gradients shrink with the square of the temperature (Hinton, Vinyals and Dean, 2015).
        return tf.reduce_mean(losses - floor) * temperature**2

    def _scores(self, name: str, output: Any) -> Any:
        """Return an output as scores before softmax or sigmoid."""
        import tensorflow as tf

        task = self.tasks[name]
        if task.logits:
            return tf.convert_to_tensor(output)
        if task.task is ModelTask.MULTICLASS:
            return tf.math.log(tf.maximum(output, _SMALLEST))
        clipped = tf.clip_by_value(output, _SMALLEST, 1 - _SMALLEST)
        return tf.math.log(clipped) - tf.math.log1p(-clipped)

    def _scale(self, name: str) -> float:
        return max(float(self.answers[name].var()), _SMALLEST)
