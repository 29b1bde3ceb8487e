"""The training loop, for pruned models and for students."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..processes import progress_events
from .adam import Adam

if TYPE_CHECKING:
    from ..runners.runner import Array
    from .training_set import TrainingSet


class Trainable(Protocol):
    """A model to train."""

    function: Any
    """Takes the signature's inputs by name, and returns its outputs by name."""
    variables: list[Any]
    """The variables to train."""

    def before(self, number: int, total: int) -> None:
        """Prepare for the step `number` of `total`."""

    def constrain(self) -> None:
        """Restore, after a step, what it must not change. Part of the compiled step."""

    def is_whole(self) -> bool:
        """Say whether the model may be kept as it is now."""


@dataclass(frozen=True)
class Hyperparameters:
    """Duration, learning rate, batch size and seed of a training."""

    epochs: int
    learning_rate: float
    batch_size: int
    seed: int


def train(
    model: Trainable, training_set: TrainingSet, hyperparameters: Hyperparameters, fallback: list[Array]
) -> str | None:
    """Train in place, and keep the state with the lowest loss on the validation samples.

    Args:
        model: The model to train, starting from its current values.
        training_set: Samples and targets.
        hyperparameters: Duration and learning rate.
        fallback: Values of the variables to keep if training improves nothing.

    Returns:
        Why training was stopped early, with the best state until then kept; None otherwise.
    """
    training, validation = training_set.split(hyperparameters.seed)
    start = [variable.numpy() for variable in model.variables]
    _assign(model.variables, fallback)
    validation_loss = _Validation(model, validation, hyperparameters.batch_size)
    best, values = validation_loss.mean(), fallback
    _assign(model.variables, start)
    size = hyperparameters.batch_size if training.dataset.batched else 1
    random = np.random.default_rng(hyperparameters.seed)
    steps = max(1, len(training.epoch(0, random)) // size)
    total = steps * hyperparameters.epochs
    step = _compiled(model, training, Adam(model.variables, hyperparameters.learning_rate, total))
    problem = None
    for epoch in progress_events.counted(range(hyperparameters.epochs)):
        order = training.epoch(epoch, random)
        for number in range(steps):
            model.before(epoch * steps + number, total)
            loss = float(step(*_batch(training, order[number * size : (number + 1) * size])))
            if not np.isfinite(loss):
                problem = f"the loss was no finite number at step {epoch * steps + number + 1} of {total}"
                break
        if problem is not None:
            break
        if model.is_whole():
            now = validation_loss.mean()
            if now < best:
                best, values = now, [variable.numpy() for variable in model.variables]
    _assign(model.variables, values)
    return problem


class _Validation:
    """The loss on samples that are not used for training."""

    def __init__(self, model: Trainable, training_set: TrainingSet, batch: int) -> None:
        import tensorflow as tf

        self._training_set = training_set
        self._size = batch if training_set.dataset.batched else 1
        self._loss = tf.function(
            lambda inputs, targets: _total(model, training_set, inputs, targets), autograph=False, reduce_retracing=True
        )

    def mean(self) -> float:
        """Return the mean loss; infinity if it is not finite."""
        count = self._training_set.dataset.count
        losses = []
        for first in range(0, count, self._size):
            rows = np.arange(first, min(first + self._size, count))
            losses.append(float(self._loss(*_batch(self._training_set, rows))) * len(rows))
        mean = sum(losses) / count
        return mean if np.isfinite(mean) else float("inf")


def _compiled(model: Trainable, training_set: TrainingSet, optimizer: Adam) -> Any:
    import tensorflow as tf

    def learn(inputs: dict[str, Any], targets: dict[str, Any]) -> Any:
        with tf.GradientTape() as tape:
            loss = _total(model, training_set, inputs, targets)
        optimizer.apply(tape.gradient(loss, model.variables))
        model.constrain()
        return loss

    return tf.function(learn, autograph=False, reduce_retracing=True)


def _total(model: Trainable, training_set: TrainingSet, inputs: dict[str, Any], targets: dict[str, Any]) -> Any:
    import tensorflow as tf

    outputs = model.function(**inputs)
    return tf.add_n([training_set.loss(name, outputs[name], target) for name, target in targets.items()])


def _batch(training_set: TrainingSet, rows: Array) -> tuple[dict[str, Any], dict[str, Any]]:
    import tensorflow as tf

    dataset = training_set.dataset
    inputs = tensors(dataset.take(rows).call(0, len(rows)))
    targets = {
        name: tuple(tf.constant(entry) for entry in target.take(rows, batched=dataset.batched))
        for name, target in training_set.targets.items()
    }
    return inputs, targets


def tensors(inputs: dict[str, Array]) -> dict[str, Any]:
    """Convert arrays to tensors for a signature's function."""
    import tensorflow as tf

    return {name: tf.constant(value) for name, value in inputs.items()}


def _assign(variables: list[Any], values: list[Array]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
