"""Compares the layers of a quantized .tflite file with those of the file of floats that it was made from.

`compare_model` of litert-quantizer opens both files anew for each row, and compares their constants as well.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..documents.manifest import Signature
from ..documents.outcome import LayerError
from ..documents.plain import from_plain, to_plain
from ..processes.plain_text import one_line
from ..runners.flatbuffer import operation_names, unpack
from ..runners.inner_tensors import InnerTensors
from ..runners.litert_runner import to_stored

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ..sandbox import Sandbox

    Array = NDArray[Any]

_TASK = "tensorflow_optimizer.evaluation.leaf:layers"
_MOST_LAYERS = 4096
#: Operations with weights.
_WITH_WEIGHTS = ("BATCH_MATMUL", "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")


class _Layer(NamedTuple):
    operation: str
    weights: str
    """Type of the weights."""
    shapes: tuple[tuple[int, ...], tuple[int, ...]]
    """Shapes of weights and output: a student's layers may have the names of the original's."""


def layer_errors(  # noqa: PLR0913, PLR0917 - two files, and what both are asked
    sandbox: Sandbox, floats: Path, quantized: Path, described: Signature, signature: str, rows: Mapping[str, Array]
) -> list[LayerError]:
    """Return the error of each layer with weights, which a leaf computes; none if the layers are others.

    The errors are for people. Nothing is decided by them.

    Args:
        sandbox: Where leaves are.
        floats: The .tflite file of floats.
        quantized: The quantized one.
        described: A signature of the quantized file.
        signature: Its name.
        rows: Its inputs, those of a call in each row.

    Raises:
        OptimizerError: The leaf does not answer.
    """
    request = {
        "files": [str(floats), str(quantized)],
        "described": to_plain(Signature, described),
        "signature": described.file_signature or signature,
    }
    with sandbox.leaf(_TASK, read=[floats, quantized]) as leaf:
        answer = leaf.ask(request, dict(rows)).document
    found: list[LayerError] = from_plain(list[LayerError], answer.get("layers"), "the layers")
    return [
        layer.model_copy(update={name: one_line(getattr(layer, name)) for name in ("layer", "operation", "weights")})
        for layer in found[:_MOST_LAYERS]
    ]


def errors_of(
    floats: bytes, quantized: bytes, described: Signature, signature: str, rows: Sequence[Mapping[str, Any]]
) -> list[LayerError]:
    """Return the error of each layer with weights, in the order of computation; none if the layers are others.

    Args:
        floats: The file of floats.
        quantized: The quantized one.
        described: The default signature of the quantized one.
        signature: Its name in both files.
        rows: Its inputs.
    """
    before, after = _layers(floats, signature), _layers(quantized, signature)
    if {name: layer.shapes for name, layer in before.items()} != {name: layer.shapes for name, layer in after.items()}:
        return []
    differences, norms = dict.fromkeys(before, 0.0), dict.fromkeys(before, 0.0)
    stored = [{name: to_stored(row[name], tensor.tensor) for name, tensor in described.inputs.items()} for row in rows]
    calls = ((floats, rows), (quantized, stored))
    outputs = (_outputs(content, signature, given, before.keys()) for content, given in calls)
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
    content: bytes, signature: str, rows: Sequence[Mapping[str, Any]], layers: Collection[str]
) -> Iterator[tuple[str, Array]]:
    """Yield what layers compute, a layer of a row at a time: those of all rows may take gigabytes."""
    inner = InnerTensors(content, signature)
    indices = inner.indices
    for row in rows:
        inner.run(row)
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
