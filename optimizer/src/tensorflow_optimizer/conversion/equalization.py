"""Equalizes the channels of a .tflite file of floats: one scale for 8 bits then suits all channels of a tensor.

A channel is multiplied where a layer computes it and divided where the next layer reads it, which changes no answer as
long as what lies between them is positively homogeneous (Nagel and others, 2019). How far is balanced between the range
of the activations and that of the weights that read them (Xiao and others, 2022): the weights of a layer's own output
channels have a scale each, so they do not count. The converter has folded batch normalization into the layers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..runners.inner_tensors import InnerTensors
from .litert_graph import WEIGHTED, LiteRtGraph, activation_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    Array = NDArray[Any]

#: Operations that multiply their output where their input is multiplied, channel by channel; ReLU6 up to its cap.
_HOMOGENEOUS = ("AVERAGE_POOL_2D", "LEAKY_RELU", "MAX_POOL_2D", "MEAN", "PAD", "RELU", "RELU6", "RESHAPE", "SQUEEZE")
_ACTIVATIONS = ("NONE", "RELU", "RELU6")
_CAP = 6.0
#: A channel below the cap of ReLU6 stays below it by this factor, for inputs that calibration has not seen.
_ROOM = 2.0
#: The factors of two channels of a tensor differ at most by this factor: numbers beyond are noise.
_LARGEST_RATIO = 1e6


class _Pair(NamedTuple):
    """Two layers, the second of which alone reads the channels of the first."""

    first: Any
    second: Any
    capped: bool
    """A ReLU6 is between them."""


def equalize(content: bytes, signature: str, rows: Iterable[Mapping[str, Any]]) -> tuple[bytes, int]:
    """Return the file with equalized channels, and the number of pairs of layers between which they are.

    Args:
        content: A .tflite file of floats.
        signature: Its signature that has inputs to calibrate with.
        rows: These inputs.
    """
    graph = LiteRtGraph(content, signature)
    graph.give_biases()
    pairs = _pairs(graph)
    ranges = _ranges(content, signature, rows if pairs else [], [int(pair.first.outputs[0]) for pair in pairs])
    for pair in pairs:
        _scale(graph, pair, ranges[int(pair.first.outputs[0])])
    return graph.pack(), len(pairs)


def factors(activations: Array, weights: Array | None, *, capped: bool) -> Array:
    """Return what to multiply each channel by.

    Args:
        activations: The greatest absolute value of each channel.
        weights: The greatest absolute weight that reads each, relative to its output's greatest; None: the weights
            that read a channel have a scale of their own.
        capped: No value may come to lie above the cap of ReLU6.
    """
    used = activations > 0 if weights is None else (activations > 0) & (weights > 0)
    scales = np.ones_like(activations)
    if not used.any():
        return scales
    wanted = (1.0 if weights is None else np.sqrt(weights[used] * activations[used])) / activations[used]
    wanted = np.maximum(wanted, wanted.max() / _LARGEST_RATIO)
    # The greatest value of the tensor stays, so that numbers keep their size.
    scales[used] = wanted * activations[used].max() / (wanted * activations[used]).max()
    if capped:
        free = activations < _CAP
        limits = np.where(free, np.maximum(1.0, _CAP / _ROOM / np.maximum(activations, 1e-30)), 1.0)
        scales = np.where(free, np.minimum(scales, limits), 1.0)
    return scales


def _pairs(graph: LiteRtGraph) -> list[_Pair]:
    layers = [
        operator for operator in graph.weighted() if all(len(graph.readers[int(t)]) == 1 for t in operator.inputs[1:])
    ]
    own = {id(operator) for operator in layers}
    candidates = (_pair(graph, operator, own) for operator in layers)
    return [pair for pair in candidates if pair is not None]


def _pair(graph: LiteRtGraph, first: Any, layers: set[int]) -> _Pair | None:
    """Return the pair of a layer and the one that reads its channels; None if there is no such layer."""
    operator, tensor = first, int(first.outputs[0])
    channels = graph.shape(tensor)[-1]
    capped = False
    while True:
        if activation_of(operator) not in _ACTIVATIONS:
            return None
        capped = capped or activation_of(operator) == "RELU6" or graph.name(operator) == "RELU6"
        readers = graph.readers[tensor]
        if len(readers) != 1 or tensor in graph.graph.outputs:
            return None
        operator = readers[0]
        if id(operator) in layers:
            reads = graph.shape(operator.inputs[1])[-1]
            # A depthwise layer that makes several channels of each, or a grouped one, numbers them in another way.
            exact = reads == channels if graph.name(operator) != "FULLY_CONNECTED" else reads % channels == 0
            return _Pair(first, operator, capped) if exact else None
        if graph.name(operator) not in _HOMOGENEOUS or not _keeps_channels(graph, operator, channels):
            return None
        tensor = int(operator.outputs[0])


def _keeps_channels(graph: LiteRtGraph, operator: Any, channels: int) -> bool:
    """Say whether the channel still varies fastest in the output."""
    before, after = graph.shape(operator.inputs[0]), graph.shape(operator.outputs[0])
    if not after or after[-1] % channels:
        return False
    if graph.name(operator) != "MEAN":
        return True
    axes = graph.constant(operator.inputs[1])
    return axes is not None and all(int(axis) % len(before) != len(before) - 1 for axis in axes.reshape(-1))


def _ranges(content: bytes, signature: str, rows: Iterable[Mapping[str, Any]], tensors: list[int]) -> dict[int, Array]:
    """Return the greatest absolute value of each channel of each tensor."""
    inner = InnerTensors(content, signature)
    greatest: dict[int, Array] = {}
    for row in rows:
        inner.run(row)
        for tensor in tensors:
            value = np.abs(inner.value(tensor))
            now = value.reshape(-1, value.shape[-1]).max(axis=0)
            greatest[tensor] = np.maximum(greatest.get(tensor, now), now)
    return greatest


def _scale(graph: LiteRtGraph, pair: _Pair, activations: Array) -> None:
    first, second = pair.first, pair.second
    weights, bias, reading = (
        np.asarray(graph.constant(tensor), np.float64) for tensor in (*first.inputs[1:3], second.inputs[1])
    )
    depthwise = graph.name(second) == "DEPTHWISE_CONV_2D"
    scales = factors(activations, None if depthwise else _relative(reading, len(activations)), capped=pair.capped)
    shape = [1] * weights.ndim
    shape[WEIGHTED[graph.name(first)]] = -1
    graph.replace(int(first.inputs[1]), weights * scales.reshape(shape))
    graph.replace(int(first.inputs[2]), bias * scales)
    # A dense layer reads each channel at several places.
    graph.replace(int(second.inputs[1]), reading / np.tile(scales, reading.shape[-1] // len(scales)))


def _relative(weights: Array, channels: int) -> Array:
    """Return the greatest absolute weight that reads each channel, relative to the greatest of its output."""
    absolute = np.abs(weights).reshape(weights.shape[0], -1, channels)
    greatest = absolute.max(axis=(1, 2), keepdims=True)
    relative: Array = (absolute / np.where(greatest > 0, greatest, 1.0)).max(axis=(0, 1))
    return relative
