"""Quantizes a .tflite file of floats, each kind of operation in its own way."""

from __future__ import annotations

import io
import math
import re
import warnings
from contextlib import redirect_stderr
from typing import TYPE_CHECKING, Any

from ..documents.quantization import LayerQuantization, Operation
from ..errors import UnsupportedError, reason_of
from ..processes.exhaustion import raise_exhausted
from ..runners.flatbuffer import grouped_convolutions, operation_names, pack, unpack
from .litert_converter import LiteRtMode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Smaller weights are not worth their rounding: TFLiteConverter keeps them in float as well.
_MINIMUM_WEIGHTS = 1024
#: The operations that litert-quantizer imagines before a model's inputs and behind its outputs.
_BORDERS = ("INPUT", "OUTPUT")

_OPERATIONS = {
    LiteRtMode.DYNAMIC_RANGE: {Operation.ALL_SUPPORTED: LayerQuantization.DYNAMIC_WI8_AFP32},
    LiteRtMode.FULL_INTEGER: {Operation.ALL_SUPPORTED: LayerQuantization.STATIC_WI8_AI8},
}


def quantize_file(
    content: bytes,
    mode: LiteRtMode,
    operations: Mapping[Operation, LayerQuantization],
    calibration: tuple[str, Iterable[Mapping[str, Any]]] | None = None,
) -> bytes:
    """Return the file with quantized weights. Its inputs and outputs stay floats.

    Args:
        content: A .tflite file of floats, with fixed shapes.
        mode: How to quantize it.
        operations: How to quantize each kind of operation, for `MIXED`.
        calibration: A signature and its inputs, where the ranges of activations are static.

    Raises:
        UnsupportedError: The quantizer cannot quantize the file.
    """
    from litert_quantizer import Quantizer

    model = unpack(content)
    _name_tensors_apart(model)
    content = pack(model)
    quantizer = Quantizer(content)
    try:
        if mode is LiteRtMode.FLOAT16:
            _store_float16(quantizer)
        else:
            _write_recipe(quantizer, model, _OPERATIONS.get(mode, operations))
        ranges = _ranges(content, quantizer, *calibration) if calibration is not None else None
        result = quantizer.quantize(ranges, enable_progress_bar=False, enable_progress_report=False)
    except Exception as error:
        raise_exhausted(error)
        raise UnsupportedError(f"litert-quantizer cannot quantize the model to {mode} ({reason_of(error)})") from error
    return bytes(result.quantized_model)


def _ranges(content: bytes, quantizer: Any, signature: str, rows: Iterable[Mapping[str, Any]]) -> Any:
    """Return the least and the greatest values of the activations.

    `Quantizer.calibrate` takes moving averages instead, which cut off what few rows reach.
    """
    from litert_quantizer.calibrator import Calibrator
    from litert_quantizer.recipe_manager import RecipeManager
    from litert_quantizer.utils.qsv_utils import min_max_update

    recipe = RecipeManager()
    recipe.load_quantization_recipe(quantizer.get_quantization_recipe())
    # It draws a progress bar, and LiteRT warns of the memory that this takes.
    with warnings.catch_warnings(), redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        calibrator = Calibrator(content, num_threads=1, qsv_update_func=min_max_update)
        calibrator.calibrate({signature: [dict(row) for row in rows]}, recipe)
    return calibrator.get_model_qsvs()


def operations_in(content: bytes) -> set[str]:
    """Return the names of the operations in a .tflite file; a grouped convolution counts as a depthwise one too."""
    model = unpack(content)
    return {*operation_names(model), *([Operation.DEPTHWISE_CONV_2D] if grouped_convolutions(model) else [])}


def has_fewer_bits(content: bytes) -> bool:
    """Say whether any number of a file is stored or computed in fewer than 32 bits."""
    from ai_edge_litert import schema_py_generated as schema

    return any(
        tensor.type == schema.TensorType.FLOAT16 or (tensor.quantization and tensor.quantization.scale is not None)
        for graph in unpack(content).subgraphs
        for tensor in graph.tensors
    )


def without_blocks(content: bytes, operations: Mapping[Operation, LayerQuantization]) -> list[str]:
    """Return the outputs of the fully connected layers that get int8: their inputs are no multiple of the block."""
    return _without_blocks(unpack(content), operations)


def _store_float16(quantizer: Any) -> None:
    from litert_quantizer.qtyping import TFLOperationName
    from litert_quantizer.quantizer import AlgorithmName

    quantizer.add_weight_only_config(
        ".*", TFLOperationName.ALL_SUPPORTED, num_bits=16, algorithm_key=AlgorithmName.FLOAT_CASTING
    )


def _write_recipe(quantizer: Any, model: Any, operations: Mapping[Operation, LayerQuantization]) -> None:
    from litert_quantizer.qtyping import TFLOperationName

    # A later entry overrides an earlier one, and `*` overrides all.
    for operation in sorted(operations, key=lambda name: name is not Operation.ALL_SUPPORTED):
        _add(quantizer, ".*", TFLOperationName(operation.value), operations[operation])
    for border in _BORDERS:
        _add(quantizer, ".*", TFLOperationName(border), LayerQuantization.NO_QUANTIZE)
    depthwise = operations.get(Operation.DEPTHWISE_CONV_2D)
    if depthwise is not None:
        for name in grouped_convolutions(model):
            _add(quantizer, f"^{re.escape(name)};$", TFLOperationName.CONV_2D, depthwise)
    for name in _without_blocks(model, operations):
        _add(quantizer, f"^{re.escape(name)};$", TFLOperationName.FULLY_CONNECTED, LayerQuantization.DYNAMIC_WI8_AFP32)


def _add(quantizer: Any, scope: str, operation: Any, quantization: LayerQuantization) -> None:
    from litert_quantizer.qtyping import (
        ComputePrecision,
        OpQuantizationConfig,
        QuantGranularity,
        TensorQuantizationConfig,
    )
    from litert_quantizer.quantizer import AlgorithmName

    if quantization is LayerQuantization.NO_QUANTIZE:
        quantizer.update_quantization_recipe(scope, operation, algorithm_key=AlgorithmName.NO_QUANTIZE)
        return
    weight_only = quantization is LayerQuantization.WEIGHT_ONLY_WI8_AFP32
    static = quantization is LayerQuantization.STATIC_WI8_AI8
    block = quantization.block_size
    granularity = QuantGranularity[f"BLOCKWISE_{block}"] if block else QuantGranularity.CHANNELWISE
    config = OpQuantizationConfig(
        activation_tensor_config=TensorQuantizationConfig(num_bits=8, symmetric=False) if static else None,
        weight_tensor_config=TensorQuantizationConfig(num_bits=4 if block else 8, granularity=granularity),
        compute_precision=ComputePrecision.FLOAT if weight_only else ComputePrecision.INTEGER,
        explicit_dequantize=weight_only,
        min_weight_elements=0 if static else _MINIMUM_WEIGHTS,
    )
    quantizer.update_quantization_recipe(scope, operation, config)


def _without_blocks(model: Any, operations: Mapping[Operation, LayerQuantization]) -> list[str]:
    quantization = operations.get(Operation.FULLY_CONNECTED)
    block = quantization.block_size if quantization is not None else None
    if block is None:
        return []
    codes = operation_names(model)
    skipped = []
    for graph in model.subgraphs:
        for operator in graph.operators:
            if codes[operator.opcodeIndex] == Operation.FULLY_CONNECTED:
                shape = [int(size) for size in graph.tensors[operator.inputs[1]].shape]
                if shape[-1] % block and math.prod(shape) >= _MINIMUM_WEIGHTS:
                    skipped.append(graph.tensors[operator.outputs[0]].name.decode())
    return skipped


def _name_tensors_apart(model: Any) -> None:
    """Give tensors of equal names new ones, by which the quantizer tells tensors apart."""
    taken: set[bytes] = set()
    for number, graph in enumerate(model.subgraphs):
        for index, tensor in enumerate(graph.tensors):
            name = tensor.name or b""
            if not name or name in taken:
                tensor.name = name + f"#{number}.{index}".encode()
            taken.add(tensor.name)
