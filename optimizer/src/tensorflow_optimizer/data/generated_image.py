"""An image that is made of nothing, for a request that shows whether a server decodes images."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: PNG's types of color, by the number of channels.
_COLORS = {1: 0, 2: 4, 3: 2}
_BITS = 8


def generated_image(size: Sequence[int]) -> bytes:
    """Return a PNG of this height, width and number of channels: a color gradient, which takes few bytes."""
    height, width, channels = size
    rows, columns = np.mgrid[0:height, 0:width]
    ramps = (columns * 255 // max(width - 1, 1), rows * 255 // max(height - 1, 1), (rows + columns) % 256)
    pixels = np.stack(ramps[:channels], axis=-1).astype(np.uint8).reshape(height, width * channels)
    # Each line begins with its filter: 0, none.
    lines = np.concatenate([np.zeros((height, 1), np.uint8), pixels], axis=1).tobytes()
    header = struct.pack(">IIBBBBB", width, height, _BITS, _COLORS[channels], 0, 0, 0)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(lines, 9)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
