"""Arrays as the bytes of a frame. Only messages with arrays import NumPy, which takes a process tenths of a second."""

from __future__ import annotations

from math import prod
from typing import Any

import ml_dtypes
import numpy as np

from .frame_error import FrameError

_BYTES, _TEXT = "bytes", "text"
_BOOL = "bool"
_OFFSET = np.dtype("<u8")
_PLAIN = {
    name: np.dtype(name).newbyteorder("<")
    for name in (
        *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
        *("float16", "float32", "float64", "complex64", "complex128"),
    )
}
_SMALL = {
    name: np.dtype(getattr(ml_dtypes, name)) for name in ("bfloat16", "float8_e5m2", "float8_e4m3fn", "int4", "uint4")
}
_NUMBERS = {**_PLAIN, **_SMALL}


def check_size(dtype: str, shape: list[int], size: int) -> None:
    """Refuse an array whose bytes are not those of its type and shape.

    Raises:
        FrameError: They are not, or no frame carries the type.
    """
    count = prod(shape)
    if dtype in (_BYTES, _TEXT):
        if size < (count + 1) * _OFFSET.itemsize:
            raise FrameError("strings without their offsets")
    elif dtype != _BOOL and dtype not in _NUMBERS:
        raise FrameError("an array of a type that no frame carries")
    elif size != count * (1 if dtype == _BOOL else _NUMBERS[dtype].itemsize):
        raise FrameError("an array whose bytes do not fill its shape")


def array_of(dtype: str, shape: list[int], content: memoryview) -> np.ndarray[Any, Any]:
    """Return an array of bytes whose size was checked.

    Raises:
        FrameError: They are no such array.
    """
    try:
        if dtype in (_BYTES, _TEXT):
            return _strings(dtype, shape, content)
        if dtype == _BOOL:
            # A boolean of another byte than 0 and 1 is undefined behavior in compiled code.
            return np.asarray(np.frombuffer(content, np.uint8) != 0).reshape(shape)
        return np.frombuffer(content, _NUMBERS[dtype]).reshape(shape)
    except ValueError:
        raise FrameError("an array whose shape cannot be") from None


def _strings(dtype: str, shape: list[int], content: memoryview) -> np.ndarray[Any, Any]:
    count = prod(shape)
    table = (count + 1) * _OFFSET.itemsize
    offsets = np.frombuffer(content[:table], _OFFSET)
    texts = bytes(content[table:])
    if offsets[0] != 0 or offsets[-1] != len(texts) or (offsets[1:] < offsets[:-1]).any():
        raise FrameError("strings whose offsets are not in order")
    flat = np.empty(count, dtype=object)
    bounds = offsets.tolist()
    for place in range(count):
        piece = texts[bounds[place] : bounds[place + 1]]
        try:
            flat[place] = piece if dtype == _BYTES else piece.decode()
        except UnicodeDecodeError:
            raise FrameError("a text that is not UTF-8") from None
    return flat.reshape(shape)


def payload_of(given: Any) -> tuple[str, list[int], list[bytes | memoryview]]:
    """Return the name of an array's type, its shape and its bytes.

    Raises:
        ValueError: No frame carries the type.
    """
    array = np.asarray(given)
    dtype, payload = _payload_of_numbers(array) if array.dtype.kind not in "OSU" else _payload_of_strings(array)
    return dtype, list(array.shape), payload


def _payload_of_numbers(array: np.ndarray[Any, Any]) -> tuple[str, list[bytes | memoryview]]:
    if array.dtype == np.bool_:
        return _BOOL, [_bytes_of(array.astype(np.uint8))]
    name = array.dtype.name
    if name not in _NUMBERS:
        raise ValueError(f"an array of {name}, which no frame carries")
    return name, [_bytes_of(np.asarray(array, _NUMBERS[name]))]


def _payload_of_strings(array: np.ndarray[Any, Any]) -> tuple[str, list[bytes | memoryview]]:
    values = array.reshape(-1).tolist()
    if not all(isinstance(value, bytes | str) for value in values):
        raise ValueError("an array of objects that are not strings, which no frame carries")
    is_text = array.dtype.kind == "U" or (bool(values) and all(isinstance(value, str) for value in values))
    encoded = [value.encode() if isinstance(value, str) else value for value in values]
    offsets = np.zeros(len(encoded) + 1, _OFFSET)
    np.cumsum([len(value) for value in encoded], out=offsets[1:])
    return _TEXT if is_text else _BYTES, [offsets.tobytes(), b"".join(encoded)]


def _bytes_of(array: np.ndarray[Any, Any]) -> memoryview:
    # A view of bytes, because a buffer of bfloat16 has no format that Python knows.
    return memoryview(np.ascontiguousarray(array).reshape(-1).view(np.uint8))
