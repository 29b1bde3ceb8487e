"""Writes tensors and records as TensorFlow reads them, without TensorFlow."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.messages import content, number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

#: `DataType` of tensorflow/core/framework/types.proto, by NumPy's name of a type.
_TYPES = {
    "float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "complex64": 8, "int64": 9, "bool": 10,
    "bfloat16": 14, "uint16": 17, "complex128": 18, "float16": 19, "uint32": 22, "uint64": 23,
}  # fmt: skip
_STRING = 7
#: Fields of tensorflow/core/framework/tensor.proto.
_DTYPE, _SHAPE, _CONTENT, _STRINGS = 1, 2, 4, 8
_CASTAGNOLI = 0x82F63B78
_MASK_DELTA = 0xA282EAD8


def tensor(value: NDArray[Any]) -> bytes:
    """Return a `TensorProto` of an array of numbers, or of objects that are bytes."""
    shape = content(_SHAPE, b"".join(content(2, number(1, size)) for size in value.shape))
    if value.dtype == object:
        texts = b"".join(content(_STRINGS, entry) for entry in value.flat)
        return number(_DTYPE, _STRING) + shape + texts
    little = np.ascontiguousarray(value, value.dtype.newbyteorder("<"))
    return number(_DTYPE, _TYPES[value.dtype.name]) + shape + content(_CONTENT, little.tobytes())


def records(contents: Iterable[bytes]) -> bytes:
    """Return a file of records. See https://www.tensorflow.org/tutorials/load_data/tfrecord."""
    return b"".join(_record(entry) for entry in contents)


def _record(entry: bytes) -> bytes:
    length = struct.pack("<Q", len(entry))
    return length + _masked_checksum(length) + entry + _masked_checksum(entry)


def _masked_checksum(value: bytes) -> bytes:
    checksum = _checksum(value)
    return struct.pack("<I", ((checksum >> 15 | checksum << 17) + _MASK_DELTA) & 0xFFFFFFFF)


def _checksum(value: bytes) -> int:
    """Return CRC-32C."""
    checksum = 0xFFFFFFFF
    for byte in value:
        checksum = _TABLE[(checksum ^ byte) & 0xFF] ^ checksum >> 8
    return checksum ^ 0xFFFFFFFF


def _remainder(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (_CASTAGNOLI if byte & 1 else 0)
    return byte


_TABLE = [_remainder(byte) for byte in range(256)]
