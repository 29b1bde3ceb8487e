"""Files of tables: an open-addressed index, keys and values, which a program maps into memory and does not parse.

The layout is little endian: a header, slots with the number of an entry plus one, the keys, and the values. A section
of strings has offsets before its bytes. Every section starts at a multiple of eight.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import OptimizerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    Array = np.ndarray[Any, Any]
    #: Integers of 64 bits, or a list of bytes.
    Column = Array | Sequence[bytes]

_MAGIC, _VERSION, _HEADER_BYTES, _ALIGNED = b"CDKTFTAB", 1, 64, 8
_HEADER = struct.Struct("<8sIBBHQQQQ16x")
_KEYS = {"string": 0, "int64": 1}
_VALUES = {"int64": 0, "string": 1}
_MOST_ENTRIES, _MOST_STRING_BYTES = (1 << 31) - 1, (1 << 32) - 1
_FNV_BASIS, _FNV_PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


def table_bytes(keys: Column, values: Column) -> bytes:
    """Return the file of a table.

    Args:
        keys: A list of bytes, or an array of int64; none is there twice.
        values: The value of each, in the same order.
    """
    entries = len(keys)
    if entries > _MOST_ENTRIES or entries != len(values):
        raise ValueError(f"{entries} keys and {len(values)} values make no table")
    slots = max(2, 1 << (2 * entries - 1).bit_length()) if entries else 2
    key_bytes, value_bytes = _bytes_of(keys), _bytes_of(values)
    header = _HEADER.pack(
        _MAGIC, _VERSION, _KEYS[kind_of(keys)], _VALUES[kind_of(values)], 0, entries, slots, key_bytes, value_bytes
    )
    index = _index(_hashes(keys), slots)
    return b"".join([header, _padded(index.astype("<u4").tobytes()), _section(keys), _section(values)])


def check_table(content: bytes, entries: int, key: str, value: str) -> None:
    """Refuse a file that is not the table that its description says.

    Raises:
        OptimizerError: It is none.
    """
    if len(content) < _HEADER_BYTES:
        raise OptimizerError("a table of the text part is cut short")
    magic, version, key_kind, value_kind, zero, count, slots, key_bytes, value_bytes = _HEADER.unpack_from(content)
    kinds = (_KEYS.get(key), _VALUES.get(value))
    if (magic, version, zero) != (_MAGIC, _VERSION, 0) or (key_kind, value_kind) != kinds or count != entries:
        raise OptimizerError("a table of the text part is another one than its description says")
    if count > _MOST_ENTRIES or slots < max(2, 2 * count) or slots & (slots - 1) or slots > 1 << 32:
        raise OptimizerError("a table of the text part has an index of a wrong size")
    size = _HEADER_BYTES + _up(4 * slots) + _section_size(key, count, key_bytes)
    if len(content) != size + _section_size(value, count, value_bytes):
        raise OptimizerError("a table of the text part has another size than its header says")


def kind_of(column: Column) -> str:
    """Return the type of a column: `int64`, or `string` for a list of bytes."""
    return "int64" if isinstance(column, np.ndarray) else "string"


def _bytes_of(column: Column) -> int:
    size = 0 if kind_of(column) == "int64" else sum(map(len, column))
    if size > _MOST_STRING_BYTES:
        raise ValueError(f"{size} bytes are too many for a table's strings")
    return size


def _section(column: Column) -> bytes:
    if kind_of(column) == "int64":
        return np.asarray(column, "<i8").tobytes()
    offsets = np.zeros(len(column) + 1, "<u4")
    np.cumsum([len(text) for text in column], out=offsets[1:])
    return _padded(offsets.tobytes()) + _padded(b"".join(column))


def _section_size(kind: str, count: int, size: int) -> int:
    return 8 * count if kind == "int64" else _up(4 * (count + 1)) + _up(size)


def _hashes(keys: Column) -> Array:
    with np.errstate(over="ignore"):
        hashes = keys.view(np.uint64) * _MULTIPLIER if isinstance(keys, np.ndarray) else _fnv(keys)
        return hashes ^ (hashes >> np.uint64(32))


def _fnv(keys: Sequence[bytes]) -> Array:
    """Return FNV-1a of each key: one position of all keys at a time."""
    order = np.argsort([len(key) for key in keys], kind="stable")[::-1]
    lengths = np.array([len(keys[number]) for number in order], np.int64)
    content = np.frombuffer(b"".join(keys[number] for number in order), np.uint8).astype(np.uint64)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
    hashes = np.full(len(keys), _FNV_BASIS, np.uint64)
    for position in range(int(lengths[0]) if len(keys) else 0):
        longer = int(np.searchsorted(-lengths, -position, side="left"))
        hashes[:longer] = (hashes[:longer] ^ content[starts[:longer] + position]) * _FNV_PRIME
    result = np.empty_like(hashes)
    result[order] = hashes
    return result


def _index(hashes: Array, slots: int) -> Array:
    """Return the slots: entries are put in by their order, each into the first free slot from its own one."""
    index = np.zeros(slots, np.uint32)
    mask = np.uint64(slots - 1)
    waiting, places = np.arange(len(hashes)), hashes & mask
    while len(waiting):
        free = index[places] == 0
        chosen, first = np.unique(places[free], return_index=True)
        index[chosen] = waiting[free][first] + 1
        left = index[places] != waiting + 1
        waiting, places = waiting[left], (places[left] + np.uint64(1)) & mask
    return index


def _padded(content: bytes) -> bytes:
    return content + bytes(_up(len(content)) - len(content))


def _up(size: int) -> int:
    return -(-size // _ALIGNED) * _ALIGNED
