"""Sets the smallest weights to zero, in the SavedModel's own variables, and trains the rest where there is data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..conversion.loading import kept_objects, load_objects
from ..conversion.version_1 import is_version_1
from ..errors import UnsupportedError
from .adam import Adam

if TYPE_CHECKING:
    from pathlib import Path

    from ..config import Pruning
    from ..sources import OpenedSource
    from .teaching import Teaching

_EPOCHS = 4
#: The share grows over the first half; the second half recovers.
_RAMP = 0.5
_BATCH = 32
_RATE = 3e-4


def prune(  # noqa: PLR0913 - what is pruned, how, with what, and where to
    source: OpenedSource,
    signatures: list[str],
    step: Pruning,
    teaching: Teaching | None,
    destination: Path,
    *,
    seed: int,
) -> str | None:
    """Save a pruned model with the same signatures.

    Args:
        source: The model.
        signatures: To keep.
        step: How much.
        teaching: To train with; None: at once, and nothing is trained.
        destination: Where to save it.
        seed: Of the order of the samples.

    Returns:
        What went wrong in training, when it was given up and the model is pruned at once instead.

    Raises:
        UnsupportedError: it has no variables to prune.
    """
    import tensorflow as tf

    if is_version_1(source.meta_graph) or source.directory is None:
        raise UnsupportedError(
            "the model was made with TensorFlow 1, whose variables cannot be pruned here; save it again with "
            "TensorFlow 2 (tf.saved_model.save), or leave pruning out"
        )
    loaded = load_objects(source.directory, source.tags, source.meta_graph)
    functions = {name: loaded.signatures[name] for name in signatures}
    kept = kept_objects(loaded, functions.values())
    variables = [one for one in kept if isinstance(one, tf.Variable) and one.dtype.is_floating and one.trainable]
    matrices = [one for one in variables if one.shape.rank is not None and one.shape.rank >= 2]
    if not matrices:
        raise UnsupportedError(
            "the model has no weight matrices in variables, so that nothing can be pruned (a frozen model holds them "
            "as constants); give the model that it was made of, or leave pruning out"
        )
    start = [one.numpy() for one in variables]
    problem = None
    if teaching is not None and teaching.targets():
        problem = _train(functions[teaching.signature], variables, matrices, step, teaching, seed)
    if problem is not None:
        for variable, value in zip(variables, start, strict=True):
            variable.assign(value)
    _cut(matrices, step.sparsity)
    module = tf.Module()
    module.kept = kept
    tf.saved_model.save(module, str(destination), signatures=functions)
    return problem


def _cut(matrices: list[Any], sparsity: float) -> list[Any]:
    """Set the smallest weights of each matrix to zero, and return what is left as masks."""
    masks = []
    for one in matrices:
        value = one.numpy()
        count = int(value.size * sparsity)
        order = np.argsort(np.abs(value), axis=None, kind="stable")
        mask = np.ones(value.size, value.dtype)
        mask[order[:count]] = 0
        masks.append(mask.reshape(value.shape))
        one.assign(value * masks[-1])
    return masks


def _train(  # noqa: PLR0913, PLR0917 - the same as of prune
    function: Any, variables: list[Any], matrices: list[Any], step: Pruning, teaching: Teaching, seed: int
) -> str | None:
    """Train in place, with the share of zeros growing. Returns what went wrong."""
    import tensorflow as tf

    targets = teaching.targets()
    masks = [tf.Variable(tf.ones_like(one), trainable=False) for one in matrices]
    optimizer = Adam(variables, _RATE)

    def learn(inputs: dict[str, Any], wanted: dict[str, Any]) -> Any:
        with tf.GradientTape() as tape:
            outputs = function(**inputs)
            losses = [
                teaching.loss(name, outputs[name], wanted[name], labels=labels) for name, (_, labels) in targets.items()
            ]
            loss = tf.add_n(losses)
        optimizer.apply(tape.gradient(loss, variables))
        for matrix, mask in zip(matrices, masks, strict=True):
            matrix.assign(matrix * mask)
        return loss

    compiled = tf.function(learn, autograph=False, reduce_retracing=True)
    dataset = teaching.dataset
    size = _BATCH if dataset.batched else 1
    random = np.random.default_rng(seed)
    steps = max(1, dataset.count // size)
    total = steps * _EPOCHS
    every = max(1, total // 20)
    for number in range(total):
        if number % steps == 0:
            order = random.permutation(dataset.count)
        if number % every == 0:
            for mask, value in zip(masks, _cut(matrices, _share(step, number, total)), strict=True):
                mask.assign(value)
        rows = order[(number % steps) * size : (number % steps + 1) * size]
        inputs = dataset.take(rows).call(0, len(rows))
        wanted = {name: value[rows] if dataset.batched else value[rows[0]] for name, (value, _) in targets.items()}
        loss = compiled({key: tf.constant(value) for key, value in inputs.items()}, wanted)
        if not np.isfinite(loss):
            return f"the loss was no finite number at step {number + 1} of {total}"
    return None


def _share(step: Pruning, number: int, total: int) -> float:
    """Return the share of zeros at a step: cubic, fast while there is much to spare (Zhu and Gupta, 2017)."""
    if step.schedule == "atOnce":
        return step.sparsity
    done = min(1.0, number / max(1.0, total * _RAMP))
    return float(step.sparsity * (1 - (1 - done) ** 3))
