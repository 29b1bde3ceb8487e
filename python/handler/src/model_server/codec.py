"""Between the nested lists of JSON and the bytes of a tensor. No numpy: the nano runtime has none.

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
_LISTS = ({list}, {list, tuple}, {tuple})
_ALLOWED: dict[str, set[type]] = {"float": {float, int}, "int": {int}, "bool": {bool}}


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
    level = [value]
    for dimension in shape:
        if set(map(type, level)) not in _LISTS or set(map(len, level)) != {dimension}:
            break
        # The same for lists of one element, as the pixels of a grey image are, in a quarter of the time.
        level = [element for (element,) in level] if dimension == 1 else list(chain.from_iterable(level))
    else:
        if _ALLOWED[tensor.dtype.kind].issuperset(map(type, level)):
            try:
                if tensor.scale is None:
                    return pack(f"<{len(level)}{tensor.stored.code}", *level)
                return _quantize(tensor, level, tensor.scale)
            except (struct_error, OverflowError, ValueError):
                pass  # which value it was is found below, where time does not matter
    from .mismatch import mismatch

    raise mismatch(tensor, value, shape)


def decode(tensor: Tensor, stored: bytes, shape: list[int]) -> Any:
    """Return the real values of the stored bytes, nested in lists of `shape`."""
    if tensor.scale is not None:
        stored = _dequantize(tensor, stored, tensor.scale)
    code = tensor.dtype.code
    if code == "e":  # memoryview cannot read half floats
        count = len(stored) // 2
        stored, code = pack(f"<{count}f", *unpack(f"<{count}e", stored)), "f"
    return memoryview(stored).cast(code, shape).tolist()  # type: ignore[call-overload]


def _quantize(tensor: Tensor, values: list[float], scale: float) -> bytes:
    # As numpy does it in float32: the quotient of two float32 values computed in double and rounded once is exactly
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
