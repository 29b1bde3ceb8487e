"""Writes JSON as TensorFlow Serving does: RapidJSON's pretty writer, and numbers of at most 9 or 17 digits."""

from __future__ import annotations

import base64
import math
import re
from typing import Any

import numpy as np

from stand_in_server.errors import CallError

#: Digits that tell all values of a type apart, for those that are written as decimal fractions.
_DIGITS = {"float32": 9, "float64": 17}
_INTEGERS = {"int8", "int16", "int32", "int64", "uint8", "uint32", "uint64"}
_ESCAPED = re.compile(rb'["\\\x00-\x1f]')
_ESCAPES = {b'"': b'\\"', b"\\": b"\\\\", b"\b": b"\\b", b"\f": b"\\f", b"\n": b"\\n", b"\r": b"\\r", b"\t": b"\\t"}


def string(content: bytes) -> bytes:
    """Return a JSON string. Bytes that are no UTF-8 go out as they are."""
    return b'"' + _ESCAPED.sub(lambda match: _ESCAPES.get(match[0], b"\\u%04X" % match[0][0]), content) + b'"'


def error(message: str) -> bytes:
    """Return the body of an error."""
    return b'{\n    "error": ' + string(message.encode()) + b"\n}"


def rows(tensors: dict[str, Any]) -> bytes:
    """Return a body in row format: one element for each row of all tensors.

    Raises:
        CallError: the tensors have no common number of rows, or a type that JSON cannot carry.
    """
    sizes = {name: tensor.shape[0] if tensor.ndim else 0 for name, tensor in tensors.items()}
    if len(set(sizes.values())) != 1 or 0 in sizes.values():
        raise CallError(f"Tensors have an invalid or inconsistent batch size: {sizes}")
    writers = {name: _Values(name, tensor) for name, tensor in tensors.items()}
    count = next(iter(sizes.values()))
    if len(writers) == 1:
        [writer] = writers.values()
        return b'{\n    "predictions": [' + b", ".join(writer.line(row, 2) for row in range(count)) + b"\n    ]\n}"
    objects = []
    for row in range(count):
        members = [_indent(3) + string(name.encode()) + b": " + writer.line(row, 3) for name, writer in writers.items()]
        objects.append(_indent(2) + b"{" + b",".join(members) + _indent(2) + b"}")
    return b'{\n    "predictions": [' + b",".join(objects) + b"\n    ]\n}"


def columns(tensors: dict[str, Any]) -> bytes:
    """Return a body in column format: the tensors themselves.

    Raises:
        CallError: a tensor has a type that JSON cannot carry.
    """
    writers = {name: _Values(name, tensor) for name, tensor in tensors.items()}
    if len(writers) == 1:
        [writer] = writers.values()
        return b'{\n    "outputs": ' + writer.block(1) + b"\n}"
    members = [_indent(2) + string(name.encode()) + b": " + writer.block(2) for name, writer in writers.items()]
    return b'{\n    "outputs": {' + b",".join(members) + b"\n    }\n}"


def _indent(level: int) -> bytes:
    return b"\n" + b" " * (4 * level)


class _Values:
    """The elements of one tensor."""

    def __init__(self, name: str, tensor: Any) -> None:
        self._tensor = tensor
        self._type = tensor.dtype.name
        #: The names of outputs that hold bytes end with _bytes.
        self._binary = name.endswith("_bytes")

    def line(self, row: int, level: int) -> bytes:
        """Return one row, on one line but for objects."""
        return self._line(self._tensor[row], level)

    def block(self, level: int) -> bytes:
        """Return the whole tensor, one element to a line."""
        return self._block(self._tensor, level)

    def _line(self, values: Any, level: int) -> bytes:
        if np.ndim(values) == 0 or not isinstance(values, np.ndarray):
            return self._one(values, level)
        return b"[" + b", ".join(self._line(value, level + 1) for value in values) + b"]"

    def _block(self, values: Any, level: int) -> bytes:
        if np.ndim(values) == 0 or not isinstance(values, np.ndarray):
            return self._one(values[()] if isinstance(values, np.ndarray) else values, level)
        if not len(values):
            return b"[]"
        elements = (_indent(level + 1) + self._block(value, level + 1) for value in values)
        return b"[" + b",".join(elements) + _indent(level) + b"]"

    def _one(self, value: Any, level: int) -> bytes:
        if self._type in _DIGITS:
            return _decimal(value, _DIGITS[self._type]).encode()
        if self._type in _INTEGERS:
            return str(int(value)).encode()
        if self._type == "bool":
            return b"true" if value else b"false"
        if self._type != "object":
            raise CallError(f"Failed to write JSON value for tensor type: {self._type}")
        content = value if isinstance(value, bytes) else str(value).encode()
        if not self._binary:
            return string(content)
        return _indent(level + 1).join([b"{", b'"b64": "' + base64.b64encode(content) + b'"']) + _indent(level) + b"}"


def _decimal(value: Any, digits: int) -> str:
    """Six significant digits where they are enough to read the same value back, else as many as the type may need."""
    if not np.isfinite(value):
        return "NaN" if np.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    number = float(value)
    if abs(number) < float(np.finfo(value.dtype).tiny):
        number = math.copysign(0.0, number)  # The server computes without subnormal numbers.
    text = f"{number:g}"
    if value.dtype.type(text) != value.dtype.type(number):
        text = f"{number:.{digits}g}"
    return text if "." in text or "e" in text else f"{text}.0"
