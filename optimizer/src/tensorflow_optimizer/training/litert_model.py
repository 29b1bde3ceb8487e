"""A .tflite file of floats as a function of TensorFlow that can be trained.

Where asked, it rounds weights and activations as full-integer quantization will, and gradients pass the rounding
unchanged (Jacob and others, 2018). The rounding is no part of the file that is written afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..conversion.litert_graph import WEIGHTED, LiteRtGraph, activation_of, inputs_of
from ..errors import UnsupportedError, reason_of
from ..runners.inner_tensors import InnerTensors
from .litert_operations import activations, operations
from .training_loop import tensors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..runners.runner import Array

#: Operations whose output has the scale of their input.
_SAME_SCALE = ("MAX_POOL_2D", "PAD", "RESHAPE")
#: Ranges that LiteRT prescribes.
_PRESCRIBED = {"LOGISTIC": (0.0, 255 / 256), "SOFTMAX": (0.0, 255 / 256), "TANH": (-1.0, 127 / 128)}
#: Number of times in a training that ranges are taken again, from the weights as they are then.
_RANGES_TAKEN = 20
#: Greatest difference between the function's answers and the file's, relative to the greatest of them.
_TOLERANCE = 1e-3
#: Rows that are compared.
_COMPARED = 8
#: Rows that are computed at once to find ranges.
_CHUNK = 32


class LiteRtModel:
    """The model in training, as the training loop takes it."""

    def __init__(self, content: bytes, signature: str, rows: Sequence[Mapping[str, Array]], *, simulate: bool) -> None:
        """Read the file.

        Args:
            content: A .tflite file of floats, which takes a row at a time.
            signature: The signature to train.
            rows: Its inputs that tell the ranges of activations.
            simulate: Round as the quantized file will.

        Raises:
            UnsupportedError: An operation's gradient is not known here, or there is nothing to train.
        """
        import tensorflow as tf

        self._graph = LiteRtGraph(content, signature)
        self._graph.give_biases()
        _check_operations(self._graph)
        self._weights = _weights_of(self._graph)
        self.variables = [weights.variable for weights in self._weights.values()]
        self._simulate = simulate
        self._inputs = {name: np.concatenate([row[name] for row in rows]) for name in self._graph.inputs}
        self._ranges = {tensor: tf.Variable([0.0, 1.0]) for tensor in self._rounded()} if simulate else {}
        self._observe = tf.function(self._observed, autograph=False, reduce_retracing=True)
        self.function: Any = self._answers
        self._check_answers(content, signature, rows[:_COMPARED])

    def _answers(self, **inputs: Any) -> dict[str, Any]:
        """Return the outputs, by name."""
        values = self._values(inputs, simulate=self._simulate)
        return {name: values[tensor] for name, tensor in self._graph.outputs.items()}

    def before(self, number: int, total: int) -> None:
        """Take the ranges again, now and then."""
        if self._simulate and number % max(1, total // _RANGES_TAKEN) == 0:
            self.take_ranges()

    def constrain(self) -> None:
        """Keep at zero what was zero: pruned weights."""
        for weights in self._weights.values():
            if weights.mask is not None:
                weights.variable.assign(weights.variable * weights.mask)

    def is_whole(self) -> bool:
        """Any state may be kept."""
        return True

    def take_ranges(self) -> None:
        """Find the least and the greatest value of each activation, as calibration will."""
        ranges: dict[int, Any] = {}
        for first in range(0, len(next(iter(self._inputs.values()))), _CHUNK):
            chunk = {name: value[first : first + _CHUNK] for name, value in self._inputs.items()}
            for tensor, (low, high) in self._observe(tensors(chunk)).items():
                least, greatest = ranges.get(tensor, (0.0, 0.0))
                ranges[tensor] = min(least, float(low)), max(greatest, float(high))
        for tensor, taken in ranges.items():
            self._ranges[tensor].assign(taken)

    def content(self) -> bytes:
        """Return the file with the weights as they are now."""
        for tensor, weights in self._weights.items():
            self._graph.replace(tensor, weights.value().numpy())
        return self._graph.pack()

    def _rounded(self) -> list[int]:
        """Return the tensors that get a range of their own: not outputs, which nothing reads."""
        computed = {int(operator.outputs[0]): self._graph.name(operator) for operator in self._graph.graph.operators}
        outputs = set(self._graph.outputs.values())
        own = [tensor for tensor, name in computed.items() if name not in _SAME_SCALE and tensor not in outputs]
        floats = [tensor for name, tensor in self._graph.inputs.items() if self._inputs[name].dtype.kind == "f"]
        return [*floats, *own]

    def _observed(self, inputs: dict[str, Any]) -> dict[int, Any]:
        import tensorflow as tf

        prescribed = {
            int(operator.outputs[0]): _PRESCRIBED.get(self._graph.name(operator))
            for operator in self._graph.graph.operators
        }
        values = self._values(inputs, simulate=False)
        return {
            tensor: prescribed.get(tensor) or (tf.reduce_min(values[tensor]), tf.reduce_max(values[tensor]))
            for tensor in self._ranges
        }

    def _values(self, inputs: Mapping[str, Any], *, simulate: bool) -> dict[int, Any]:
        """Return what the operators compute."""
        import tensorflow as tf

        def rounded(tensor: int, value: Any) -> Any:
            if not simulate or tensor not in self._ranges:
                return value
            low, high = tf.unstack(self._ranges[tensor])
            return tf.quantization.fake_quant_with_min_max_vars(value, low, high)

        known, held = operations(), activations()
        values = {tensor: rounded(tensor, inputs[name]) for name, tensor in self._graph.inputs.items()}
        weights = {tensor: weight.rounded() if simulate else weight.value() for tensor, weight in self._weights.items()}
        for operator in self._graph.graph.operators:
            given = [
                weights[tensor] if tensor in weights else values.get(tensor, self._graph.constant(tensor))
                for tensor in inputs_of(operator)
            ]
            value = known[self._graph.name(operator)](operator.builtinOptions, given)
            tensor = int(operator.outputs[0])
            values[tensor] = rounded(tensor, held[activation_of(operator)](value))
        return values

    def _check_answers(self, content: bytes, signature: str, rows: Sequence[Mapping[str, Array]]) -> None:
        """Check the function against the file, a row at a time and all at once.

        Raises:
            UnsupportedError: It computes something else.
        """
        import tensorflow as tf

        inner = InnerTensors(content, signature)
        try:
            values = self._values({name: value[: len(rows)] for name, value in self._inputs.items()}, simulate=False)
        except (tf.errors.OpError, ValueError) as error:
            raise _several_rows(reason_of(error)) from error
        for number, row in enumerate(rows):
            inner.run(row)
            for name, tensor in self._graph.outputs.items():
                expected, computed = inner.value(tensor), values[tensor].numpy()[number : number + 1]
                largest = np.abs(expected).max() or 1.0
                if computed.shape != expected.shape or np.abs(computed - expected).max() > _TOLERANCE * largest:
                    raise _several_rows(f"they change the output {name!r}")


def _several_rows(reason: str) -> UnsupportedError:
    return UnsupportedError(f"the model cannot be trained on several rows at once ({reason})")


class _Weights:
    """A constant of the file that is trained, each output channel in its own unit."""

    def __init__(self, value: Array, axis: int | None) -> None:
        import tensorflow as tf

        self._axes = [] if axis is None else [number for number in range(value.ndim) if number != axis % value.ndim]
        unit = np.abs(value).max(axis=tuple(self._axes), keepdims=True) if self._axes else np.abs(value).max()
        self._unit = tf.constant(np.where(unit > 0, unit, 1.0).astype(np.float32))
        self.variable = tf.Variable(value / self._unit.numpy())
        # A bias of zero is no pruned weight.
        self.mask = tf.constant((value != 0).astype(np.float32)) if self._axes and not value.all() else None

    def value(self) -> Any:
        """Return the numbers for the file."""
        return self.variable * self._unit

    def rounded(self) -> Any:
        """Return them as 8 bits hold them; a bias has 32."""
        import tensorflow as tf

        value = self.value()
        if not self._axes:
            return value
        step = tf.maximum(tf.reduce_max(tf.abs(value), self._axes, keepdims=True) / 127, 1e-30)
        return value + tf.stop_gradient(tf.round(value / step) * step - value)


def _weights_of(graph: LiteRtGraph) -> dict[int, _Weights]:
    weights: dict[int, _Weights] = {}
    for operator in graph.weighted():
        axes = (WEIGHTED[graph.name(operator)], None)
        for tensor, axis in zip(inputs_of(operator)[1:], axes, strict=True):
            if tensor not in weights:
                weights[tensor] = _Weights(np.asarray(graph.constant(tensor), np.float32), axis)
    if not weights:
        raise UnsupportedError("the model has no convolution and no dense layer with stored weights to train")
    return weights


def _check_operations(graph: LiteRtGraph) -> None:
    known, held = operations(), activations()
    unknown = {graph.name(operator) for operator in graph.graph.operators} - known.keys()
    unknown |= {activation_of(operator) for operator in graph.graph.operators} - held.keys()
    if unknown:
        raise UnsupportedError(
            f"the model cannot be trained: the gradient of {', '.join(sorted(unknown))} is not known here; leave the "
            "training out of the recovery"
        )
