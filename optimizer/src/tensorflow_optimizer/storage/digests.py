"""SHA-256 in the two notations that S3 and our documents use."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_BLOCK = 1 << 20


def to_base64(hexadecimal: str) -> str:
    """Return a digest as S3 writes it in `x-amz-checksum-sha256`."""
    return base64.b64encode(bytes.fromhex(hexadecimal)).decode("ascii")


def composite_base64(path: Path, part_size: int) -> str:
    """Return S3's checksum of a multipart upload: the digest of the parts' digests, and their number."""
    parts = []
    with path.open("rb") as file:
        while True:
            digest = hashlib.sha256()
            left = part_size
            while left and (block := file.read(min(_BLOCK, left))):
                digest.update(block)
                left -= len(block)
            if left == part_size:
                break
            parts.append(digest.digest())
    whole = base64.b64encode(hashlib.sha256(b"".join(parts)).digest()).decode("ascii")
    return f"{whole}-{len(parts)}"


def files_below(directory: Path) -> list[Path]:
    """Return the regular files below a directory, sorted by their path; a link or a device is an error."""
    files = []
    for path in sorted(directory.rglob("*"), key=lambda path: path.relative_to(directory).as_posix()):
        if path.is_symlink() or not (path.is_dir() or path.is_file()):
            raise ValueError(f"{path.relative_to(directory)} is neither a file nor a directory")
        if path.is_file():
            files.append(path)
    return files
