"""Reads how large an image is from its header, before a library of C allocates and decodes it."""

from __future__ import annotations

import struct

_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
#: `server/src/image/limits.rs` has the same limits: what is larger gets no answer from the native runtime.
MOST_PIXELS, LONGEST_SIDE = 1 << 25, 65_535
#: Markers of frames: baseline, progressive and the others, without tables (C4), extensions (C8) and arithmetic (CC).
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
#: Markers without a length: TEM, RST0 to RST7, SOI.
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})


def check_size(content: bytes) -> None:
    """Refuse what is no image, or a larger one than servers take.

    Raises:
        ValueError: It is no JPEG or PNG, has no size, or is too large.
    """
    if content.startswith(_PNG):
        size = struct.unpack_from(">II", content, 16) if content[12:16] == b"IHDR" and len(content) >= 24 else None
    elif content.startswith(_JPEG):
        size = _size_of_jpeg(content)
    else:
        raise ValueError("it is neither a JPEG nor a PNG")
    if size is None:
        raise ValueError("it is cut short: its header does not say how large it is")
    width, height = size
    if max(width, height) > LONGEST_SIDE or width * height > MOST_PIXELS:
        raise ValueError(
            f"it has {width} x {height} pixels; at most {MOST_PIXELS} are allowed, and {LONGEST_SIDE} a side, so make "
            "it smaller"
        )


def _size_of_jpeg(content: bytes) -> tuple[int, int] | None:
    """Return width and height of the first frame; None where there is none."""
    place = 2
    while place + 9 <= len(content):
        if content[place] != 0xFF:
            return None
        marker = content[place + 1]
        if marker == 0xFF:  # fill
            place += 1
        elif marker in _ALONE:
            place += 2
        elif marker in _FRAMES:
            height, width = struct.unpack_from(">HH", content, place + 5)
            return width, height
        else:
            place += 2 + int(struct.unpack_from(">H", content, place + 2)[0])
    return None
