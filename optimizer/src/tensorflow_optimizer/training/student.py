"""Students that are built: as small as their size says, with the inputs and outputs of their teacher.

Each input is brought to mean 0 and deviation 1, by what the training samples have, and then goes

* of rank 3 without the batch (images: height, width, channels) through 2D convolutions of stride 2,
* of rank 2 (series: steps, channels) through 1D convolutions of stride 2,
* of any other rank straight on,

until there are at most 7 positions along each side. What all inputs came to goes through one dense layer and, for each
output, through another. The first convolution has as many filters as `_FILTERS` says, and each further one twice as
many, up to eight times as many; the dense layer has as many units as `_UNITS` says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..documents.job import ModelTask, StudentSize
from ..errors import UnsupportedError
from ..hints import Hint

if TYPE_CHECKING:
    from ..data import Dataset
    from ..evaluation import OutputTask
    from ..runners.runner import Array, Arrays
    from ..signatures import SignatureSpec

_FILTERS = {StudentSize.TINY: 4, StudentSize.SMALL: 8, StudentSize.MEDIUM: 16}
_UNITS = {StudentSize.TINY: 16, StudentSize.SMALL: 40, StudentSize.MEDIUM: 64}
_KERNEL = 3
_POSITIONS = 7
_WIDEST = 8
#: Integers of these types may be word indices, which allow no arithmetic, as well as amounts.
_UNCLEAR = ("int32", "int64", "uint32", "uint64")
_WAY_OUT = "give a student of your own, a model that has the same signature"


def build_student(  # noqa: PLR0913 - what is built, from what is known of the teacher
    size: StudentSize,
    spec: SignatureSpec,
    dataset: Dataset,
    answers: Arrays,
    tasks: dict[str, OutputTask],
    *,
    batch: list[int | None],
    seed: int,
) -> Any:
    """Return an untrained tf.Module: `serve` is its signature, `rows` takes any number of samples by input name.

    Args:
        size: The student's size.
        spec: The teacher's signature.
        dataset: Samples as rows, for shapes and for the scale of the inputs.
        answers: The teacher's answers.
        tasks: The task of each output.
        batch: Leading dimensions of `serve`: `[None]` for any batch, `[1]` for one sample, `[]` for just the sample.
        seed: Seed of the initial weights.

    Raises:
        UnsupportedError: No student can be built for such a signature.
    """
    _check(spec, answers, tasks)
    import tensorflow as tf

    random = np.random.default_rng(seed)
    module = tf.Module()
    module.weights = []

    def weight(shape: list[int], fan_in: int) -> Any:
        # He et al., 2015: the scale for a following ReLU.
        value = random.standard_normal(shape) * np.sqrt(2.0 / fan_in)
        module.weights.append(tf.Variable(value.astype(np.float32), name=f"weight_{len(module.weights)}"))
        return module.weights[-1]

    def bias(count: int) -> Any:
        module.weights.append(tf.Variable(np.zeros(count, np.float32), name=f"bias_{len(module.weights)}"))
        return module.weights[-1]

    bodies = {name: _body(dataset.inputs[name], _FILTERS[size], weight, bias) for name in spec.inputs}
    joined = sum(width for _, width in bodies.values())
    hidden, hidden_bias = weight([joined, _UNITS[size]], joined), bias(_UNITS[size])
    heads = {name: _head(answers[name], tasks[name], _UNITS[size], weight, bias) for name in spec.outputs}
    names = list(spec.inputs)

    def rows(**inputs: Any) -> dict[str, Any]:
        features = tf.concat([bodies[name][0](inputs[name]) for name in names], axis=1)
        shared = tf.nn.relu(features @ hidden + hidden_bias)
        return {name: head(shared) for name, head in heads.items()}

    def serve(*values: Any) -> dict[str, Any]:
        if batch:
            return rows(**dict(zip(names, values, strict=True)))
        outputs = rows(**{name: tf.expand_dims(value, 0) for name, value in zip(names, values, strict=True)})
        return {name: tf.squeeze(value, 0) for name, value in outputs.items()}

    specs = [tf.TensorSpec([*batch, *dataset.inputs[name].shape[1:]], spec.inputs[name].dtype, name) for name in names]
    module.serve = tf.function(serve, input_signature=specs, autograph=False)
    module.rows = rows
    return module


def _check(spec: SignatureSpec, answers: Arrays, tasks: dict[str, OutputTask]) -> None:
    unclear = [
        f"{name!r} takes {tensor.dtype}"
        for name, tensor in spec.inputs.items()
        if tensor.dtype in (*_UNCLEAR, "string")
    ]
    if unclear:
        raise UnsupportedError(
            f"no student can be built for inputs that may be numbers of words or texts ({', '.join(unclear)}); "
            f"{_WAY_OUT}",
            Hint.STUDENT,
        )
    fixed = [name for name, value in answers.items() if value.dtype.kind != "f" or tasks[name].indices]
    if fixed:
        raise UnsupportedError(
            f"no student can be built for outputs that are no scores or amounts ({', '.join(map(repr, fixed))}), "
            f"since these cannot be learned; {_WAY_OUT}",
            Hint.STUDENT,
        )


def _body(value: Array, filters: int, weight: Any, bias: Any) -> tuple[Any, int]:
    """Return the function from one input to a row of features, and their number."""
    import tensorflow as tf

    item = list(value.shape[1:])
    rank = len(item)
    axes = tuple(range(rank)) if rank >= 2 else (0,)
    scaled = value.astype(np.float64)
    mean = np.float32(scaled.mean(axis=axes) if rank < 2 else scaled.mean())
    deviation = np.float32(scaled.std(axis=axes) if rank < 2 else scaled.std())
    scale = np.where(deviation > 0, 1.0 / np.maximum(deviation, 1e-12), 0.0).astype(np.float32)
    sides, channels = item[:-1], item[-1] if item else 1
    kernels: list[tuple[Any, Any]] = []
    width = filters
    while rank in (2, 3) and max(sides) > _POSITIONS:
        shape = [_KERNEL] * len(sides)
        kernels.append((weight([*shape, channels, width], channels * _KERNEL ** len(sides)), bias(width)))
        sides, channels, width = [-(-side // 2) for side in sides], width, min(width * 2, filters * _WIDEST)
    count = int(np.prod([*sides, channels], dtype=np.int64))

    def apply(raw: Any) -> Any:
        rows = (tf.cast(raw, tf.float32) - mean) * scale
        for kernel, offset in kernels:
            rows = tf.nn.relu(tf.nn.convolution(rows, kernel, strides=2, padding="SAME") + offset)
        return tf.reshape(rows, [-1, count])

    return apply, count


def _head(answers: Array, task: OutputTask, units: int, weight: Any, bias: Any) -> Any:
    """Return the function from the shared features to one output, in the form of the teacher's."""
    import tensorflow as tf

    shape = answers.shape[1:]
    size = int(np.prod(shape, dtype=np.int64))
    kernel, offset = weight([units, size], units), bias(size)
    mean, deviation = np.float32(answers.mean()), np.float32(answers.std() or 1.0)

    def apply(shared: Any) -> Any:
        scores = tf.reshape(shared @ kernel + offset, [-1, *shape])
        if task.task is ModelTask.MULTICLASS and not task.logits:
            scores = tf.nn.softmax(scores)
        elif task.task is not ModelTask.REGRESSION and not task.logits:
            scores = tf.nn.sigmoid(scores)
        elif task.task is ModelTask.REGRESSION:
            scores = scores * deviation + mean
        return scores

    return apply
