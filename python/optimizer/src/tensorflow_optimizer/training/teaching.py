"""What a model is trained towards: labels where there are any, else what the original answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..config import ModelTask
from ..evaluation.compare import truth_of

if TYPE_CHECKING:
    from ..data import Dataset
    from ..evaluation import OutputTask
    from ..runners.runner import Array, Arrays

_SMALLEST = 1e-7


@dataclass(frozen=True)
class Teaching:
    """The training split of one signature."""

    signature: str
    dataset: Dataset
    answers: Arrays
    """The original's, dimension 0 being the sample."""
    tasks: dict[str, OutputTask]

    def targets(self) -> dict[str, tuple[Array, bool]]:
        """Return by output what to aim at, and whether it is labels. Outputs that have no gradient are absent."""
        found = {}
        for name, value in self.answers.items():
            task = self.tasks[name]
            labels = self.dataset.labels.get(name)
            if value.dtype.kind != "f" or task.indices:
                continue
            if labels is not None and task.task is not ModelTask.REGRESSION:
                found[name] = (truth_of(task, value, labels), True)
            else:
                found[name] = (value, False)
        return found

    def loss(self, name: str, output: Any, target: Any, *, labels: bool) -> Any:
        """Return the mean loss of one output over a batch."""
        import tensorflow as tf

        task = self.tasks[name]
        if not labels:
            # On whatever the output is: nothing has to know whether it is scores, probabilities or a measurement.
            return tf.reduce_mean(tf.square(output - target)) / self._scale(name)
        if task.task is ModelTask.MULTICLASS:
            scores = output if task.logits else tf.math.log(tf.maximum(output, _SMALLEST))
            return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(tf.cast(target, tf.int64), scores))
        clipped = tf.clip_by_value(output, _SMALLEST, 1 - _SMALLEST)
        scores = output if task.logits else tf.math.log(clipped) - tf.math.log1p(-clipped)
        truth = tf.reshape(tf.cast(target, scores.dtype), tf.shape(scores))
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(truth, scores))

    def _scale(self, name: str) -> float:
        return max(float(self.answers[name].var()), _SMALLEST)
