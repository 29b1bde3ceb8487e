"""Reads an object of captured requests: JSON lines, in gzip."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_GZIP = b"\x1f\x8b"
_DECODER = json.JSONDecoder()


def texts_of(content: bytes, largest: int) -> tuple[list[str], bool]:
    """Return the JSON texts of an object in the order in which they were written, and whether it was read to its end.

    Args:
        content: The object, compressed or not. Of one that is cut off or damaged, what comes before is read.
        largest: How many bytes are read, uncompressed.
    """
    lines: list[bytes] = []
    is_whole, read = True, 0
    try:
        with gzip.open(io.BytesIO(content)) if content[:2] == _GZIP else io.BytesIO(content) as stream:
            for line in stream:
                read += len(line)
                if read > largest:
                    is_whole = False
                    break
                lines.append(line)
    except (OSError, EOFError, zlib.error):
        is_whole = False
    return [text for line in lines for text in _separated(line.decode(errors="replace").strip())], is_whole


def _separated(line: str) -> Iterator[str]:
    """Yield the JSON values of a line: Firehose may put several into one. What follows a broken one is one text."""
    while line:
        try:
            _, end = _DECODER.raw_decode(line)
        except (ValueError, RecursionError):
            yield line
            return
        yield line[:end]
        line = line[end:].lstrip()
