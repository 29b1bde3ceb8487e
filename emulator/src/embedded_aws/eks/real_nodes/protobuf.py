"""As much of Protocol Buffers as the calls between kubelet and a driver of volumes need: text and messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def encode(fields: Iterable[tuple[int, str | bytes]]) -> bytes:
    """Return a message of fields, each with its number."""
    message = bytearray()
    for number, value in fields:
        content = value.encode() if isinstance(value, str) else value
        message += _varint(number << 3 | _BYTES) + _varint(len(content)) + content
    return bytes(message)


def decode(message: bytes) -> dict[int, list[bytes]]:
    """Return the fields that have text or messages, by their number. Those with numbers are left out.

    Raises:
        ValueError: it is no message.
    """
    fields: dict[int, list[bytes]] = {}
    position = 0
    while position < len(message):
        key, position = _read_varint(message, position)
        kind = key & 7
        if kind == _VARINT:
            _, position = _read_varint(message, position)
            continue
        if kind == _BYTES:
            length, position = _read_varint(message, position)
        elif kind in (_FIXED64, _FIXED32):
            length = 8 if kind == _FIXED64 else 4
        else:
            raise ValueError(f"no field of a message has the wire type {kind}")
        content, position = message[position : position + length], position + length
        if position > len(message):
            raise ValueError(f"field {key >> 3} of a message is cut off")
        if kind == _BYTES:
            fields.setdefault(key >> 3, []).append(content)
    return fields


def text(fields: dict[int, list[bytes]], number: int) -> str:
    """Return the text of a field; without it, an empty one."""
    return fields.get(number, [b""])[-1].decode()


def mapping(fields: dict[int, list[bytes]], number: int) -> dict[str, str]:
    """Return the map of a field, from text to text."""
    entries = [decode(entry) for entry in fields.get(number, [])]
    return {text(entry, 1): text(entry, 2) for entry in entries}


def _varint(value: int) -> bytes:
    content = bytearray()
    while value > 0x7F:
        content.append(value & 0x7F | 0x80)
        value >>= 7
    content.append(value)
    return bytes(content)


def _read_varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(message):
        byte = message[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position
    raise ValueError("a number of a message is cut off")
