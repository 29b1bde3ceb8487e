"""The messages between the judge and a leaf: plain data, never code.

A frame is the length of its header in four bytes (big endian), the header in JSON, and the bytes of the arrays that the
header lists. A reader checks every length against its limits before it allocates memory.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from math import isfinite, prod
from typing import TYPE_CHECKING, Any, TypeAlias

import ml_dtypes
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

Arrays: TypeAlias = dict[str, "np.ndarray[Any, Any]"]
#: Content of a document: objects, lists, strings, finite numbers, booleans and null.
Json: TypeAlias = Any

#: Bytes of the longest header, with its document.
LONGEST_HEADER = 16 << 20
#: Most bytes of all arrays of a frame, unless told otherwise.
MOST_BYTES = 4 << 30
_MOST_ARRAYS = 4096
_MOST_DIMENSIONS = 32
_LARGEST_DIMENSION = 1 << 40
_LONGEST_NAME = 4096
_LENGTH = struct.Struct(">I")
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
_BOOL, _BYTES, _TEXT = "bool", "bytes", "text"


class FrameError(Exception):
    """A frame breaks the rules: its sender is not the optimizer's own code any more."""


@dataclass(frozen=True)
class Frame:
    """One message."""

    kind: str
    document: Json = None
    arrays: Arrays = field(default_factory=dict)


def encode(frame: Frame) -> list[bytes | memoryview]:
    """Return the parts of a frame, to be written one after the other.

    Raises:
        ValueError: The document has a number that is not finite, or an array has a type that no frame carries.
    """
    listed, parts = [], []
    for name, array in frame.arrays.items():
        dtype, payload = _payload(np.asarray(array))
        size = sum(map(_size, payload))
        listed.append({"name": name, "dtype": dtype, "shape": list(np.shape(array)), "bytes": size})
        parts += payload
    content = {"kind": frame.kind, "document": frame.document, "arrays": listed}
    header = json.dumps(content, allow_nan=False, separators=(",", ":")).encode()
    if len(header) > LONGEST_HEADER:
        raise ValueError(f"a document of {len(header)} bytes; at most {LONGEST_HEADER} are allowed")
    return [_LENGTH.pack(len(header)), header, *parts]


def decode(read: Callable[[int], memoryview], most_bytes: int = MOST_BYTES) -> Frame:
    """Read one frame.

    Args:
        read: Returns exactly so many bytes.
        most_bytes: The maximum of all arrays together.

    Raises:
        FrameError: The frame breaks the rules. What follows in the stream means nothing.
    """
    (length,) = _LENGTH.unpack(read(_LENGTH.size))
    if length > LONGEST_HEADER:
        raise FrameError(f"a header of {length} bytes; at most {LONGEST_HEADER} are allowed")
    kind, document, listed = _header(bytes(read(length)))
    entries = [_entry(entry) for entry in listed]
    if len({name for name, *_ in entries}) < len(entries):
        raise FrameError("two arrays of one name")
    total = sum(size for *_, size in entries)
    if total > most_bytes:
        raise FrameError(f"arrays of {total} bytes; at most {most_bytes} are allowed")
    arrays = {name: _array(dtype, shape, read(size)) for name, dtype, shape, size in entries}
    return Frame(kind, document, arrays)


def _header(content: bytes) -> tuple[str, Json, list[Any]]:
    try:
        header = json.loads(content, parse_constant=_finite, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise FrameError(f"a header that is no JSON ({type(error).__name__})") from None
    if not isinstance(header, dict) or header.keys() != {"kind", "document", "arrays"}:
        raise FrameError("a header without kind, document and arrays")
    kind, listed = header["kind"], header["arrays"]
    if not isinstance(kind, str) or not isinstance(listed, list) or len(listed) > _MOST_ARRAYS:
        raise FrameError("a header with a kind or arrays that no frame has")
    return kind, header["document"], listed


def _finite(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise FrameError("a number in a document that is not finite")
    return value


def _entry(entry: Any) -> tuple[str, str, list[int], int]:
    if not isinstance(entry, dict) or entry.keys() != {"name", "dtype", "shape", "bytes"}:
        raise FrameError("an array without name, dtype, shape and bytes")
    name, dtype, shape, size = entry["name"], entry["dtype"], entry["shape"], entry["bytes"]
    if not isinstance(name, str) or len(name) > _LONGEST_NAME or not isinstance(dtype, str):
        raise FrameError("an array whose name or type is no short text")
    if not isinstance(shape, list) or len(shape) > _MOST_DIMENSIONS or not all(map(_is_dimension, (*shape, size))):
        raise FrameError("an array whose shape or size is out of bounds")
    count = prod(shape)
    if dtype in (_BYTES, _TEXT):
        if size < (count + 1) * _OFFSET.itemsize:
            raise FrameError("strings without their offsets")
    elif dtype != _BOOL and dtype not in _NUMBERS:
        raise FrameError("an array of a type that no frame carries")
    elif size != count * (1 if dtype == _BOOL else _NUMBERS[dtype].itemsize):
        raise FrameError("an array whose bytes do not fill its shape")
    return name, dtype, shape, size


def _is_dimension(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _LARGEST_DIMENSION


def _array(dtype: str, shape: list[int], content: memoryview) -> np.ndarray[Any, Any]:
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


def _payload(array: np.ndarray[Any, Any]) -> tuple[str, list[bytes | memoryview]]:
    if array.dtype == np.bool_:
        return _BOOL, [_bytes_of(array.astype(np.uint8))]
    if array.dtype.kind in "OSU":
        return _payload_of_strings(array)
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


def _size(part: bytes | memoryview) -> int:
    return part.nbytes if isinstance(part, memoryview) else len(part)
