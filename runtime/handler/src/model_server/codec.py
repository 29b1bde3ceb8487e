"""Conversion between the nested lists of JSON and the bytes of a tensor. NumPy would take what must be refused.

All per-element work is done by C code of the standard library (chain, map, struct, memoryview); Python code runs once
per dimension. Only quantization loops over elements.
"""

from __future__ import annotations

from itertools import chain
from struct import error as struct_error
from struct import pack, unpack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .description import Tensor

# "<": the standard mode of struct refuses a number that float32 cannot hold, the native mode makes it infinite. Both
# processors of Lambda are little-endian.
_LISTS: set[type] = {list, tuple}
_ALLOWED: dict[str, set[type]] = {"float": {float, int}, "int": {int}, "bool": {bool}}
AT_ONCE = 2048
"""Numbers that are encoded together: the objects of more, each visited several times, do not stay in the processor's
cache."""

SMALLEST_TEXT = 1024
"""Length from which reading a request by `tensor_text` is faster."""


class Encoded:
    """Rows of a tensor that need no encoding any more."""

    __slots__ = ("count", "stored")

    def __init__(self, count: int, stored: bytes) -> None:
        self.count = count
        self.stored = stored


def encode(tensor: Tensor, value: Any, shape: list[int]) -> bytes:
    """Return the stored bytes of `value`, real values nested in lists of `shape`, or what `tensor_text` made of them.

    Raises:
        TensorError: `value` has another shape or holds something that `tensor` cannot take.
    """
    if type(value) is Encoded:
        return value.stored
    stored = _encode_in_parts(tensor, value, shape)
    if stored is None:
        from .mismatch import mismatch

        raise mismatch(tensor, value, shape)
    return stored


def _encode_in_parts(tensor: Tensor, value: Any, shape: list[int]) -> bytes | None:
    if not shape or type(value) is not list or len(value) != shape[0]:
        return _encode(tensor, [value], shape)
    item = 1
    for dimension in shape[1:]:
        item *= dimension
    step = max(1, AT_ONCE // item)
    if step >= len(value):
        return _encode(tensor, value, shape[1:])
    parts = []
    for start in range(0, len(value), step):
        part = _encode(tensor, value[start : start + step], shape[1:])
        if part is None:
            return None
        parts.append(part)
    return b"".join(parts)


def _encode(tensor: Tensor, values: list[Any], shape: list[int]) -> bytes | None:
    """Encode values that are each of `shape`; None where one of them does not fit."""
    numbers = _flat(values, shape)
    # Check the types before packing: struct takes True for a number, and anything for a bool.
    if numbers is None or not _consists_of(_ALLOWED[tensor.dtype.kind], numbers):
        return None
    try:
        if tensor.scale is None:
            return pack(f"<{len(numbers)}{tensor.stored.code}", *numbers)
        return _quantize(tensor, numbers, tensor.scale)
    except (struct_error, OverflowError, ValueError):
        return None


def _flat(level: list[Any], shape: list[int]) -> list[Any] | None:
    for dimension in shape:
        # First, because more than lists can be unpacked and chained: strings, objects, bytes that a hook made.
        if not _consists_of(_LISTS, level):
            return None
        if dimension == 1:  # as the pixels of a gray image are
            try:
                level = [element for [element] in level]
            except ValueError:
                return None
        elif set(map(len, level)) == {dimension}:
            level = list(chain.from_iterable(level))
        else:
            return None
    return level


def _consists_of(allowed: set[type], values: list[Any]) -> bool:
    types = list(map(type, values))
    # Comparing with the first is faster than making a set, and ends where a second type comes.
    if types == types[:1] * len(types):
        return allowed.issuperset(types[:1])
    return allowed.issuperset(types)


def decode(tensor: Tensor, stored: bytes, shape: list[int]) -> Any:
    """Return the real values of the stored bytes, nested in lists of `shape`."""
    if tensor.scale is not None:
        stored = _dequantize(tensor, stored, tensor.scale)
    code = tensor.dtype.code
    if code == "e":  # memoryview cannot read half floats
        count = len(stored) // 2
        stored, code = pack(f"<{count}f", *unpack(f"<{count}e", stored)), "f"
    return memoryview(stored).cast(code, shape).tolist()  # type: ignore[call-overload]  # any shape


def _quantize(tensor: Tensor, values: list[float], scale: float) -> bytes:
    # NumPy divides in float32: the quotient of two float32 values computed in double and rounded once is exactly
    # the float32 quotient, and Python's round() goes to even like numpy's.
    floats = f"<{len(values)}f"
    quotients = unpack(floats, pack(floats, *[value / scale for value in unpack(floats, pack(floats, *values))]))
    zero = tensor.zero_point
    low, high = tensor.stored.low - zero, tensor.stored.high - zero
    return pack(
        f"<{len(values)}{tensor.stored.code}", *[round(min(max(value, low), high)) + zero for value in quotients]
    )


def _dequantize(tensor: Tensor, stored: bytes, scale: float) -> bytes:
    count = len(stored) // tensor.stored.size
    zero = tensor.zero_point
    real = [scale * (value - zero) for value in unpack(f"<{count}{tensor.stored.code}", stored)]
    return pack(f"<{count}{tensor.dtype.code}", *real)
