"""Reads which versions of a library's symbols a program needs, as the dynamic linker does.

See https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/symversion.html
"""

from __future__ import annotations

import mmap
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PT_LOAD, _PT_DYNAMIC = 1, 2
_DT_NULL, _DT_STRTAB, _DT_VERNEED, _DT_VERNEEDNUM = 0, 5, 0x6FFFFFFE, 0x6FFFFFFF


class _File:
    """A 64-bit little-endian ELF file."""

    def __init__(self, content: mmap.mmap) -> None:
        self._content = content
        (table,) = struct.unpack_from("<Q", content, 32)
        size, count = struct.unpack_from("<HH", content, 54)
        self._segments = [struct.unpack_from("<IIQQQQ", content, table + index * size) for index in range(count)]

    def versions(self) -> Iterator[tuple[str, str]]:
        """Give each library with each version of its symbols that is needed."""
        tags = dict(self._dynamic())
        if not tags.keys() >= {_DT_VERNEED, _DT_VERNEEDNUM, _DT_STRTAB}:
            return
        strings, at = self._offset(tags[_DT_STRTAB]), self._offset(tags[_DT_VERNEED])
        for _ in range(tags[_DT_VERNEEDNUM]):
            _, versions, file, first, following = struct.unpack_from("<HHIII", self._content, at)
            library, offset = self._text(strings + file), at + first
            for _ in range(versions):
                _, _, _, name, step = struct.unpack_from("<IHHII", self._content, offset)
                yield library, self._text(strings + name)
                offset += step
            at += following

    def _dynamic(self) -> Iterator[tuple[int, int]]:
        for kind, _, offset, _, _, size in self._segments:
            if kind == _PT_DYNAMIC:
                for at in range(offset, offset + size, 16):
                    tag, value = struct.unpack_from("<QQ", self._content, at)
                    if tag == _DT_NULL:
                        return
                    yield tag, value

    def _offset(self, address: int) -> int:
        """Return where in the file an address is. By the segments: the section headers may have been stripped."""
        for kind, _, offset, start, _, size in self._segments:
            if kind == _PT_LOAD and start <= address < start + size:
                return int(address - start + offset)
        raise ValueError(f"no segment has the address {address:#x}")

    def _text(self, at: int) -> str:
        return self._content[at : self._content.find(b"\0", at)].decode()


def needed_versions(path: Path) -> list[tuple[str, str]]:
    """Return the libraries, such as libc.so.6, with the versions that an x86_64 program needs, such as GLIBC_2.34.

    Raises:
        ValueError: the file is damaged.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        try:
            return list(_File(content).versions())
        except (struct.error, UnicodeDecodeError) as error:
            raise ValueError(str(error)) from error
