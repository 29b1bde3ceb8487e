"""Sets the smallest weights to zero in the SavedModel's own variables, and trains the rest if there is data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..conversion.loading import kept_objects, load_objects
from ..conversion.version_1 import is_version_1
from ..errors import UnsupportedError
from ..hints import Hint
from ..sources.saved_model_files import read_meta_graph
from .training_loop import Hyperparameters, train

if TYPE_CHECKING:
    from pathlib import Path

    from ..documents.job import Pruning
    from ..sources import SavedModelFiles
    from .training_set import TrainingSet

#: The share of zeros grows over the first half; the second half recovers.
_RAMP = 0.5
_BATCH = 32
_RATE = 1e-3


def prune(  # noqa: PLR0913 - what is pruned, how, with what, and where to
    source: SavedModelFiles,
    signatures: list[str],
    step: Pruning,
    training_set: TrainingSet | None,
    destination: Path,
    *,
    seed: int,
) -> str | None:
    """Save a pruned model with the same signatures.

    Args:
        source: The model.
        signatures: Signatures to keep.
        step: The pruning step.
        training_set: Samples and targets; None to prune at once without training.
        destination: Where to save the model.
        seed: Seed of the order of the samples.

    Returns:
        Why training was given up, with the model pruned at once instead; None otherwise.

    Raises:
        UnsupportedError: It has no variables to prune.
    """
    import tensorflow as tf

    meta_graph = read_meta_graph(source.directory, source.tags)
    if is_version_1(meta_graph):
        raise UnsupportedError(
            "the model was made with TensorFlow 1, whose variables cannot be pruned here; save it again with "
            "TensorFlow 2 (tf.saved_model.save), or leave pruning out",
            Hint.PRUNING,
        )
    loaded = load_objects(source.directory, source.tags, meta_graph)
    functions = {name: loaded.signatures[name] for name in signatures}
    kept = kept_objects(loaded, functions.values())
    variables = [
        kept_object
        for kept_object in kept
        if isinstance(kept_object, tf.Variable) and kept_object.dtype.is_floating and kept_object.trainable
    ]
    matrices = [variable for variable in variables if variable.shape.rank is not None and variable.shape.rank >= 2]
    if not matrices:
        raise UnsupportedError(
            "the model has no weight matrices in variables, so that nothing can be pruned (a frozen model holds them "
            "as constants); give the model that it was made of, or leave pruning out",
            Hint.PRUNING,
        )
    dense = [variable.numpy() for variable in variables]
    _cut(matrices, step.sparsity)
    problem = None
    if training_set is not None and training_set.targets:
        at_once = [variable.numpy() for variable in variables]
        for variable, value in zip(variables, dense, strict=True):
            variable.assign(value)
        pruned = _Pruned(functions[training_set.signature], variables, matrices, step)
        problem = train(pruned, training_set, Hyperparameters(step.epochs, _RATE, _BATCH, seed), at_once)
    module = tf.Module()
    module.kept = kept
    tf.saved_model.save(module, str(destination), signatures=functions)
    return problem


def _cut(matrices: list[Any], sparsity: float) -> list[Any]:
    """Set the smallest weights of each matrix to zero, and return the rest as masks."""
    masks = []
    for matrix in matrices:
        value = matrix.numpy()
        count = int(value.size * sparsity)
        order = np.argsort(np.abs(value), axis=None, kind="stable")
        mask = np.ones(value.size, value.dtype)
        mask[order[:count]] = 0
        masks.append(mask.reshape(value.shape))
        matrix.assign(value * masks[-1])
    return masks


class _Pruned:
    """A model whose share of zeros grows during training."""

    def __init__(self, function: Any, variables: list[Any], matrices: list[Any], step: Pruning) -> None:
        import tensorflow as tf

        self.function = function
        self.variables = variables
        self._matrices = matrices
        self._step = step
        self._reached = 0.0
        self._masks = [tf.Variable(tf.ones_like(matrix), trainable=False) for matrix in matrices]

    def before(self, number: int, total: int) -> None:
        """Increase the share, in twenty steps in all."""
        if number % max(1, total // 20) == 0:
            self._reached = self._share(number / total)
            cut = _cut(self._matrices, self._reached)
            for mask, value in zip(self._masks, cut, strict=True):
                mask.assign(value)

    def constrain(self) -> None:
        """Keep pruned weights at zero."""
        for matrix, mask in zip(self._matrices, self._masks, strict=True):
            matrix.assign(matrix * mask)

    def is_whole(self) -> bool:
        """Say whether the share is reached."""
        return self._reached >= self._step.sparsity

    def _share(self, done: float) -> float:
        """Return the share of zeros: a cubic ramp, fast at first (Zhu and Gupta, 2017)."""
        if self._step.schedule == "atOnce":
            return self._step.sparsity
        left = 1 - min(1.0, done / _RAMP)
        return float(self._step.sparsity * (1 - left**3))
