"""Converts a SavedModel to .tflite."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ..errors import UnsupportedError
from ..hints import Hint
from ..processes.exhaustion import raise_exhausted
from ..signatures.select import OTHER_PATHS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_OPERATOR = re.compile(r"tf\.(\w+)")
_UNSUPPORTED = re.compile(r"(?:Select|Custom) ops: ([\w, ]+)")
#: An operator that is not supported, with its operands and results, and the type of one of them.
_DETAILS = re.compile(r"^\s+tf\.(\w+)(\(.*\) -> .*?)(?: : \{.*)?$", re.MULTILINE)
_ELEMENT = re.compile(r"tensor<(?:[\d?*]+x)*(complex<f\d+>|[^>]+)>")
#: TensorFlow's names of MLIR's types.
_TYPES = {
    **{f"f{bits}": f"float{bits}" for bits in (16, 64)},
    **{f"i{bits}": f"int{bits}" for bits in (8, 16, 32, 64)},
    **{f"ui{bits}": f"uint{bits}" for bits in (8, 16, 32, 64)},
    "bf16": "bfloat16",
    "i1": "bool",
    "complex<f32>": "complex64",
    "complex<f64>": "complex128",
}
_FLOATS = {"float16", "bfloat16", "float64"}
_COMPLEX = {"complex64", "complex128"}
#: Operators that LiteRT has for float32, and not for every other type.
_IN_FLOAT32 = frozenset(
    {
        *("AddV2", "AvgPool", "BatchMatMulV2", "BatchMatMulV3", "BiasAdd", "Conv2D", "Cos", "DepthwiseConv2dNative"),
        *("Elu", "Exp", "LeakyRelu", "Log", "LogSoftmax", "MatMul", "MaxPool", "Mean", "Mul", "Pow", "RealDiv"),
        *("Relu", "Relu6", "Rsqrt", "Sigmoid", "Sin", "Softmax", "Sqrt", "Square", "Sub", "Sum", "Tanh"),
    }
)


class LiteRtMode(StrEnum):
    """The type that weights are stored as."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"
    DYNAMIC_RANGE = "dynamicRange"
    FULL_INTEGER = "fullInteger"
    MIXED = "mixed"
    """Integers of their own for each kind of operation."""


def convert(
    directory: Path,
    mode: LiteRtMode,
    signatures: list[str],
    calibration: Iterable[Mapping[str, Any]] | None = None,
) -> bytes:
    """Convert a SavedModel whose inputs have fixed shapes.

    Args:
        directory: Output of `save_with_fixed_shapes`.
        mode: How to store the weights.
        signatures: Signatures to keep.
        calibration: Inputs of the first signature for full-integer quantization.

    Raises:
        UnsupportedError: LiteRT's built-in operators do not suffice.
    """
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(str(directory), signature_keys=signatures)
    if mode is not LiteRtMode.FLOAT32:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if mode is LiteRtMode.FLOAT16:
        converter.target_spec.supported_types = [tf.float16]
    if mode is LiteRtMode.FULL_INTEGER:
        if calibration is None:
            raise ValueError("full-integer quantization needs calibration data")
        rows = calibration

        def representative() -> Iterator[Any]:
            for row in rows:
                yield signatures[0], dict(row)

        converter.representative_dataset = representative
    try:
        content: bytes = converter.convert()
    except Exception as error:
        raise_exhausted(error)
        raise UnsupportedError(_conversion_sentence(mode, error), Hint.TENSORFLOW_SERVING) from error
    return content


def _conversion_sentence(mode: LiteRtMode, error: Exception) -> str:
    text = str(error)
    if "requires element_shape to be" in text:
        return (
            "the model collects tensors in a list (tf.TensorArray) whose elements have no fixed shape, and LiteRT "
            f"holds no such list; give the list an element_shape in the model, or {OTHER_PATHS}"
        )
    operators = sorted({name for group in _UNSUPPORTED.findall(text) for name in _names(group)})
    if not operators and ("not supported" in text or "failed to legalize" in text or "illegal" in text):
        operators = sorted(set(_OPERATOR.findall(text)))
    types = _types_of(text)
    if operators and {types.get(name) for name in operators} <= _FLOATS:
        found = " and ".join(sorted({types[name] for name in operators}))
        return (
            f"the model computes in {found} ({', '.join(operators[:8])}), and LiteRT in float32: build it in float32 "
            "(in Keras with the dtype policy 'float32'), load the same weights and export it again, and let "
            f"quantization make it small; or {OTHER_PATHS}"
        )
    if operators:
        listed = ", ".join(f"{name} of {types[name]}" if name in types else name for name in operators[:8])
        typed = not types.keys().isdisjoint(operators)
        return (
            f"the model uses operators that LiteRT does not have{' for their types' if typed else ''} ({listed}) and "
            f"Lambda serves no Flex or custom operators; {'compute them in float32, or ' if typed else ''}replace them "
            f"in the model, or {OTHER_PATHS}"
        )
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    reason = lines[-1][:200] if lines else type(error).__name__
    return f"LiteRT's converter cannot convert the model to {mode} ({reason}); {OTHER_PATHS}"


def _types_of(text: str) -> dict[str, str]:
    """Return the types of the operators that are not supported because of these: no operand or result is float32."""
    found = {}
    for name, tensors in _DETAILS.findall(text):
        types = [_TYPES.get(entry) for entry in _ELEMENT.findall(tensors)]
        first = types[0] if types else None
        if first is not None and None not in types and (first in _FLOATS | _COMPLEX or name in _IN_FLOAT32):
            found[name] = first
    return found


def _names(group: str) -> list[str]:
    return [name.strip().rstrip(".") for name in group.split(",") if name.strip().rstrip(".")]
