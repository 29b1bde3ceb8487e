"""Reads the index of a SavedModel's variables without TensorFlow: messages in a table of LevelDB's format.

A stranger wrote it: each number is checked before it is used, and reading takes no longer than the file is.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from ..signatures.messages import message

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOOTER = struct.Struct("<40sQ")
_MAGIC = 0xDB4775248B80FB57
#: Bytes after a block: its compression, and a checksum.
_TRAILER = 5
_UNCOMPRESSED = 0
_LONGEST_KEY = 1 << 16
_LONGEST_VARINT = 10


class _UnreadableError(Exception):
    """The index is damaged, or of a form that TensorFlow does not write."""


def shard_sizes(index: bytes, shards: int) -> list[int] | None:
    """Return the bytes that each shard has at least; None: the index cannot be read.

    Args:
        index: The content of `variables.index`.
        shards: The number of files with values.
    """
    from google.protobuf.message import DecodeError

    sizes = [0] * shards
    try:
        for key, value in _entries(index):
            if key == b"":
                if message("BundleHeaderProto").FromString(value).num_shards != shards:
                    return None
                continue
            entry = message("BundleEntryProto").FromString(value)
            if not 0 <= entry.shard_id < shards or min(entry.offset, entry.size) < 0:
                return None
            sizes[entry.shard_id] = max(sizes[entry.shard_id], entry.offset + entry.size)
    except (_UnreadableError, DecodeError):
        return None
    return sizes


def _entries(index: bytes) -> Iterator[tuple[bytes, bytes]]:
    if len(index) < _FOOTER.size:
        raise _UnreadableError
    handles, magic = _FOOTER.unpack(index[-_FOOTER.size :])
    if magic != _MAGIC:
        raise _UnreadableError
    # The first handle is that of a block that TensorFlow leaves empty.
    place = _varint(handles, _varint(handles, 0)[1])[1]
    end = 0
    for _, handle in _block(index, handles[place:]):
        yield from _block(index, handle, after=end)
        end = sum(_handle(handle))


def _block(index: bytes, handle: bytes, after: int = 0) -> Iterator[tuple[bytes, bytes]]:
    """Return the keys and values of a block that begins no earlier than at `after`, so that none is read twice."""
    offset, size = _handle(handle)
    if offset < after or offset + size + _TRAILER > len(index) or index[offset + size] != _UNCOMPRESSED:
        raise _UnreadableError
    block = index[offset : offset + size]
    if size < 4:
        raise _UnreadableError
    (restarts,) = struct.unpack("<I", block[-4:])
    end = size - 4 * (restarts + 1)
    place, key = 0, b""
    while place < end:
        shared, place = _varint(block, place)
        added, place = _varint(block, place)
        length, place = _varint(block, place)
        if shared > len(key) or shared + added > _LONGEST_KEY or place + added + length > end:
            raise _UnreadableError
        key = key[:shared] + block[place : place + added]
        place += added + length
        yield key, block[place - length : place]


def _handle(content: bytes) -> tuple[int, int]:
    offset, place = _varint(content, 0)
    return offset, _varint(content, place)[0]


def _varint(content: bytes, place: int) -> tuple[int, int]:
    """Return a number of a variable number of bytes, and the place behind it."""
    number = 0
    for position, byte in enumerate(content[place : place + _LONGEST_VARINT]):
        number |= (byte & 0x7F) << 7 * position
        if byte < 0x80:
            return number, place + position + 1
    raise _UnreadableError
