"""PNG files that are made by hand."""

from __future__ import annotations

import zlib
from pathlib import Path

RGB = (Path(__file__).parent / "images" / "rgb.png").read_bytes()


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return a part of a PNG."""
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


def bomb(width: int, height: int) -> bytes:
    """Return a PNG of a size that it does not have."""
    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return RGB[:8] + chunk(b"IHDR", size + RGB[24:29]) + RGB[33:]


def black(side: int) -> bytes:
    """Return a whole PNG of so many black pixels a side, which deflate makes as small as it can."""
    header = side.to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    rows = zlib.compress(bytes(side * (1 + 3 * side)), 9)
    return RGB[:8] + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
