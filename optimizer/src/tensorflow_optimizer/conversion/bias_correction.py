"""Corrects the biases of a quantized .tflite file: rounding moves the mean of a channel, and a bias moves it back.

Layer by layer, in the order of computation, the mean of each channel becomes that of the file of floats (Nagel and
others, 2019); the errors of earlier layers are in it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..runners.inner_tensors import InnerTensors
from .litert_graph import LiteRtGraph, activation_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Array = NDArray[Any]

#: Bounds between which an activation lets a change of the bias through.
_OPEN = {"NONE": (-np.inf, np.inf), "RELU": (0.0, np.inf), "RELU6": (0.0, 6.0), "RELU_N1_TO_1": (-1.0, 1.0)}
#: A bias moves a mean by the share of the values that it gets through to; a smaller share counts as this one.
_LEAST_SHARE = 0.25


class _Channels(NamedTuple):
    means: Array
    shares: Array
    """Share of each channel's values that pass a change of the bias on."""


def correct_biases(floats: bytes, quantized: bytes, signature: str, rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the quantized file with other biases.

    Args:
        floats: The file that it was made from.
        quantized: The file with integers for weights and activations. Its inputs and outputs are floats.
        signature: A signature of both.
        rows: Its inputs.
    """
    before, graph = LiteRtGraph(floats, signature), LiteRtGraph(quantized, signature)
    names = Counter(before.tensor_name(tensor) for tensor in range(len(before.graph.tensors)))
    outputs = [int(operator.outputs[0]) for operator in before.weighted()]
    wanted = {name: tensor for tensor in outputs if names[name := before.tensor_name(tensor)] == 1}
    expected = _channels(floats, signature, rows, dict.fromkeys(wanted.values(), "NONE"))
    for operator in graph.weighted():
        tensor, bias, activation = int(operator.outputs[0]), int(operator.inputs[2]), activation_of(operator)
        steps, name = graph.steps(bias), graph.tensor_name(tensor)
        if steps is None or len(graph.readers[bias]) > 1 or name not in wanted or activation not in _OPEN:
            continue
        measured = _channels(graph.pack(), signature, rows, {tensor: activation})[tensor]
        error = (measured.means - expected[wanted[name]].means) / np.maximum(measured.shares, _LEAST_SHARE)
        graph.replace(bias, np.rint(np.asarray(graph.constant(bias), np.float64) - error / steps))
    return graph.pack()


def _channels(
    content: bytes, signature: str, rows: Sequence[Mapping[str, Any]], tensors: Mapping[int, str]
) -> dict[int, _Channels]:
    """Return the means of the channels of tensors, which lie behind these activations."""
    inner = InnerTensors(content, signature)
    means: dict[int, Any] = dict.fromkeys(tensors, 0.0)
    shares: dict[int, Any] = dict.fromkeys(tensors, 0.0)
    for row in rows:
        inner.run(row)
        for tensor, activation in tensors.items():
            value = inner.value(tensor)
            value = value.reshape(-1, value.shape[-1])
            low, high = _OPEN.get(activation, _OPEN["NONE"])
            means[tensor] = means[tensor] + value.mean(axis=0) / len(rows)
            shares[tensor] = shares[tensor] + ((value > low) & (value < high)).mean(axis=0) / len(rows)
    return {tensor: _Channels(means[tensor], shares[tensor]) for tensor in tensors}
