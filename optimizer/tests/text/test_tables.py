"""Files of tables: every key is found, others are not, and a damaged file is refused."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from tensorflow_optimizer.errors import OptimizerError
from tensorflow_optimizer.text.tables import check_table, table_bytes


def _hash(key: bytes | int) -> int:
    """Return the hash that the description of the format states, step by step."""
    mask = (1 << 64) - 1
    if isinstance(key, int):
        value = (key & mask) * 0x9E3779B97F4A7C15 & mask
    else:
        value = 0xCBF29CE484222325
        for byte in key:
            value = (value ^ byte) * 0x100000001B3 & mask
    return value ^ value >> 32


def _find(content: bytes, key: bytes | int) -> Any:
    """Look a key up as a reader does that maps the file."""
    _, _, key_kind, value_kind, _, entries, slots, key_bytes, value_bytes = struct.unpack_from("<8sIBBHQQQQ", content)
    keys_at = 64 + -(-4 * slots // 8) * 8
    entry_of = lambda at, kind, size, number: _entry(content, at, kind, entries, number)  # noqa: E731
    size = 8 * entries if key_kind == 1 else -(-4 * (entries + 1) // 8) * 8 + -(-key_bytes // 8) * 8
    slot = _hash(key) & (slots - 1)
    while number := struct.unpack_from("<I", content, 64 + 4 * slot)[0]:
        if entry_of(keys_at, key_kind == 0, key_bytes, number - 1) == key:
            return entry_of(keys_at + size, value_kind == 1, value_bytes, number - 1)
        slot = (slot + 1) & (slots - 1)
    return None


def _entry(content: bytes, at: int, is_text: bool, entries: int, number: int) -> Any:
    if not is_text:
        return struct.unpack_from("<q", content, at + 8 * number)[0]
    start, stop = struct.unpack_from("<II", content, at + 4 * number)
    first = at + -(-4 * (entries + 1) // 8) * 8
    return content[first + start : first + stop]


def test_every_word_is_found_and_no_other_one() -> None:
    words = [b"", b"a", "weiß".encode(), b"\x00\xff", *(f"word{number}".encode() for number in range(5000))]
    content = table_bytes(words, np.arange(len(words)) * 3 - 7)
    check_table(content, len(words), "string", "int64")
    assert [_find(content, word) for word in words] == [number * 3 - 7 for number in range(len(words))]
    assert _find(content, b"word5000") is None


def test_numbers_lead_to_texts() -> None:
    keys = np.array([12, -5, 0, 2**63 - 1, -(2**63)], np.int64)
    content = table_bytes(keys, [b"x", b"", b"yy", b"z" * 100, b"w"])
    check_table(content, 5, "int64", "string")
    assert [_find(content, int(key)) for key in keys] == [b"x", b"", b"yy", b"z" * 100, b"w"]
    assert _find(content, 1) is None


def test_an_empty_table_finds_nothing() -> None:
    content = table_bytes([], np.array([], np.int64))
    check_table(content, 0, "string", "int64")
    assert _find(content, b"") is None


def test_a_table_is_the_same_file_each_time() -> None:
    words = [f"w{number}".encode() for number in range(100)]
    assert table_bytes(words, np.arange(100)) == table_bytes(words, np.arange(100))


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:40],
        lambda content: content[:-8],
        lambda content: content + bytes(8),
        lambda content: b"X" + content[1:],
        lambda content: content[:8] + b"\x02" + content[9:],
        lambda content: content[:12] + b"\x01" + content[13:],
        lambda content: content[:16] + struct.pack("<Q", 1 << 40) + content[24:],
        lambda content: content[:24] + struct.pack("<Q", 3) + content[32:],
        lambda content: content[:32] + struct.pack("<Q", (1 << 64) - 1) + content[40:],
    ],
)
def test_a_damaged_table_is_refused(damage: Any) -> None:
    content = table_bytes([b"a", b"b"], np.array([1, 2]))
    with pytest.raises(OptimizerError, match="a table of the text part"):
        check_table(damage(content), 2, "string", "int64")
