"""Compares the layers of a quantized .tflite file with those of the file of floats that it was made from.

`compare_model` of litert-quantizer opens both files anew for each row, and compares their constants as well.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..documents.outcome import LayerError
from ..runners.flatbuffer import operation_names, unpack
from ..runners.inner_tensors import InnerTensors

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from ..runners import LiteRtRunner

    Array = NDArray[Any]

#: Operations with weights.
_WITH_WEIGHTS = ("BATCH_MATMUL", "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")


class _Layer(NamedTuple):
    operation: str
    weights: str
    """Their type."""
    shapes: tuple[tuple[int, ...], tuple[int, ...]]
    """Of weights and output: a student's layers may have the names of the original's."""


def layer_errors(
    floats: LiteRtRunner, quantized: LiteRtRunner, signature: str, rows: Sequence[Mapping[str, Any]]
) -> list[LayerError]:
    """Return the error of each layer with weights, in the order of computation; none if the layers are others.

    Args:
        floats: The file of floats.
        quantized: The quantized one.
        signature: A signature of both, by its name in the files.
        rows: Its inputs.
    """
    before, after = _layers(floats.content, signature), _layers(quantized.content, signature)
    if {name: layer.shapes for name, layer in before.items()} != {name: layer.shapes for name, layer in after.items()}:
        return []
    differences, norms = dict.fromkeys(before, 0.0), dict.fromkeys(before, 0.0)
    outputs = (_outputs(runner, signature, rows, before.keys()) for runner in (floats, quantized))
    for (name, expected), (_, found) in zip(*outputs, strict=True):
        differences[name] += float(np.sum((found - expected) ** 2))
        norms[name] += float(np.sum(expected**2))
    return [
        LayerError(
            layer=name.partition(";")[0],
            operation=layer.operation,
            weights=after[name].weights,
            error=math.sqrt(differences[name] / norms[name]) if norms[name] else 0.0,
        )
        for name, layer in before.items()
    ]


def _outputs(
    model: LiteRtRunner, signature: str, rows: Sequence[Mapping[str, Any]], layers: Collection[str]
) -> Iterator[tuple[str, Array]]:
    """Yield what layers compute, a layer of a row at a time: those of all rows may take gigabytes."""
    inner = InnerTensors(model.content, signature)
    indices = inner.indices
    for row in rows:
        inner.run(model.stored(signature, row))
        for name in layers:
            yield name, inner.value(indices[name])


def _layers(content: bytes, signature: str) -> dict[str, _Layer]:
    """Return the layers with weights, by the names of their outputs."""
    from ai_edge_litert import schema_py_generated as schema

    types = {value: name for name, value in vars(schema.TensorType).items() if isinstance(value, int)}
    model = unpack(content)
    entry = next(entry for entry in model.signatureDefs if entry.signatureKey.decode() == signature)
    graph, names = model.subgraphs[entry.subgraphIndex], operation_names(model)
    found, stored = {}, {}
    for operator in graph.operators:
        operation = names[operator.opcodeIndex]
        if operation == "DEQUANTIZE":
            stored[operator.outputs[0]] = operator.inputs[0]
        elif operation in _WITH_WEIGHTS:
            weights = graph.tensors[stored.get(operator.inputs[1], operator.inputs[1])]
            output = graph.tensors[operator.outputs[0]]
            shapes = tuple(weights.shape), tuple(output.shape)
            found[output.name.decode()] = _Layer(operation, types[weights.type].lower(), shapes)
    return found
