"""The one training loop: for what was pruned and for students."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..processes import progress_events
from .adam import Adam

if TYPE_CHECKING:
    from ..runners.runner import Array
    from .teaching import Teaching


class Learner(Protocol):
    """A model in training."""

    function: Any
    """Takes the signature's inputs by name, and returns its outputs by name."""
    variables: list[Any]
    """What is trained."""

    def before(self, number: int, total: int) -> None:
        """Prepare for the step `number` of `total`."""

    def constrain(self) -> None:
        """Restore, after a step, what it must not change. Part of the compiled step."""

    def is_whole(self) -> bool:
        """Say whether the model may be kept as it is now."""


@dataclass(frozen=True)
class Course:
    """How long and how fast."""

    epochs: int
    rate: float
    batch: int
    seed: int


def fit(learner: Learner, teaching: Teaching, course: Course, fallback: list[Array]) -> str | None:
    """Train in place, and leave the best state that was seen on samples held back from the training.

    Args:
        learner: What is trained; starts from the values that its variables have.
        teaching: What it is trained towards.
        course: How.
        fallback: Values of the variables that may be kept without any training: what is left is never worse.

    Returns:
        What went wrong, when training was given up. Then what is left was the best until then.
    """
    taught, held = teaching.split(course.seed)
    start = [one.numpy() for one in learner.variables]
    _assign(learner.variables, fallback)
    judge = _Held(learner, held, course.batch)
    best, values = judge.loss(), fallback
    _assign(learner.variables, start)
    size = course.batch if taught.dataset.batched else 1
    random = np.random.default_rng(course.seed)
    steps = max(1, len(taught.epoch(0, random)) // size)
    total = steps * course.epochs
    step = _compiled(learner, taught, Adam(learner.variables, course.rate, total))
    problem = None
    for epoch in progress_events.counted(range(course.epochs)):
        order = taught.epoch(epoch, random)
        for number in range(steps):
            learner.before(epoch * steps + number, total)
            loss = float(step(*_batch(taught, order[number * size : (number + 1) * size])))
            if not np.isfinite(loss):
                problem = f"the loss was no finite number at step {epoch * steps + number + 1} of {total}"
                break
        if problem is not None:
            break
        if learner.is_whole():
            now = judge.loss()
            if now < best:
                best, values = now, [one.numpy() for one in learner.variables]
    _assign(learner.variables, values)
    return problem


class _Held:
    """The samples that training does not see."""

    def __init__(self, learner: Learner, teaching: Teaching, batch: int) -> None:
        import tensorflow as tf

        self._teaching = teaching
        self._size = batch if teaching.dataset.batched else 1
        self._loss = tf.function(
            lambda inputs, wanted: _total(learner, teaching, inputs, wanted), autograph=False, reduce_retracing=True
        )

    def loss(self) -> float:
        """Return the mean loss; infinite where it is no finite number."""
        count = self._teaching.dataset.count
        losses = []
        for first in range(0, count, self._size):
            rows = np.arange(first, min(first + self._size, count))
            losses.append(float(self._loss(*_batch(self._teaching, rows))) * len(rows))
        mean = sum(losses) / count
        return mean if np.isfinite(mean) else float("inf")


def _compiled(learner: Learner, teaching: Teaching, optimizer: Adam) -> Any:
    import tensorflow as tf

    def learn(inputs: dict[str, Any], wanted: dict[str, Any]) -> Any:
        with tf.GradientTape() as tape:
            loss = _total(learner, teaching, inputs, wanted)
        optimizer.apply(tape.gradient(loss, learner.variables))
        learner.constrain()
        return loss

    return tf.function(learn, autograph=False, reduce_retracing=True)


def _total(learner: Learner, teaching: Teaching, inputs: dict[str, Any], wanted: dict[str, Any]) -> Any:
    import tensorflow as tf

    outputs = learner.function(**inputs)
    return tf.add_n([teaching.loss(name, outputs[name], target) for name, target in wanted.items()])


def _batch(teaching: Teaching, rows: Array) -> tuple[dict[str, Any], dict[str, Any]]:
    import tensorflow as tf

    dataset = teaching.dataset
    inputs = tensors(dataset.take(rows).call(0, len(rows)))
    wanted = {
        name: tuple(tf.constant(one) for one in target.take(rows, batched=dataset.batched))
        for name, target in teaching.targets.items()
    }
    return inputs, wanted


def tensors(inputs: dict[str, Array]) -> dict[str, Any]:
    """Return arrays as what a signature's function takes."""
    import tensorflow as tf

    return {name: tf.constant(value) for name, value in inputs.items()}


def _assign(variables: list[Any], values: list[Array]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
