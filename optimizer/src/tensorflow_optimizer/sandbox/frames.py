"""The messages between the judge and a leaf: plain data, never code.

A frame is the length of its header in four bytes (big endian), the header in JSON, and the bytes of the arrays that the
header lists. A reader checks every length against its limits before it allocates memory.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Any, TypeAlias

from .frame_error import FrameError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

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
        from .frame_arrays import payload_of

        dtype, shape, payload = payload_of(array)
        size = sum(map(_size, payload))
        listed.append({"name": name, "dtype": dtype, "shape": shape, "bytes": size})
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
    if not entries:
        return Frame(kind, document)
    from .frame_arrays import array_of

    return Frame(kind, document, {name: array_of(dtype, shape, read(size)) for name, dtype, shape, size in entries})


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
    from .frame_arrays import check_size

    check_size(dtype, shape, size)
    return name, dtype, shape, size


def _is_dimension(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _LARGEST_DIMENSION


def _size(part: bytes | memoryview) -> int:
    return part.nbytes if isinstance(part, memoryview) else len(part)
