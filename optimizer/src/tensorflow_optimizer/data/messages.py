"""Writes protocol buffers, as far as samples and requests need them: without TensorFlow, which takes seconds to start.

See https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_LENGTH_DELIMITED = 2
_BITS_OF_64 = (1 << 64) - 1
#: Fields of `tf.train.Feature`, by the kind of its values.
_BYTES_LIST, _FLOAT_LIST, _INT64_LIST = 1, 2, 3


def varint(number: int) -> bytes:
    """Return an integer of 64 bits; a negative one takes ten bytes."""
    left, groups = number & _BITS_OF_64, bytearray()
    while left > 0x7F:
        groups.append(left & 0x7F | 0x80)
        left >>= 7
    groups.append(left)
    return bytes(groups)


def number(field: int, value: int) -> bytes:
    """Return a field with an integer, a boolean or an enumeration's value."""
    return varint(field << 3) + varint(value)


def content(field: int, value: bytes) -> bytes:
    """Return a field with bytes, a text in UTF-8, a message, or packed numbers."""
    return varint(field << 3 | _LENGTH_DELIMITED) + varint(len(value)) + value


def entries(field: int, values: Mapping[str, bytes]) -> bytes:
    """Return a map from texts to messages, in the order of its keys."""
    return b"".join(
        content(field, content(1, key.encode()) + content(2, value)) for key, value in sorted(values.items())
    )


def example(features: Mapping[str, bytes]) -> bytes:
    """Return a `tf.train.Example` of features by their names."""
    return content(1, entries(1, features))


def feature_of_texts(values: Iterable[bytes]) -> bytes:
    """Return a `tf.train.Feature` of texts."""
    return content(_BYTES_LIST, b"".join(content(1, value) for value in values))


def feature_of_floats(values: Sequence[float]) -> bytes:
    """Return a `tf.train.Feature` of floats of 32 bits."""
    return content(_FLOAT_LIST, content(1, struct.pack(f"<{len(values)}f", *values)))


def feature_of_integers(values: Iterable[int]) -> bytes:
    """Return a `tf.train.Feature` of integers of 64 bits."""
    return content(_INT64_LIST, content(1, b"".join(map(varint, values))))
