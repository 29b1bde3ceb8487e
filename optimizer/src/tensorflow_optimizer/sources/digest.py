"""Computes one digest of the files that were read."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_CHUNK = 1 << 20


def digest_of(root: Path, files: Iterable[Path]) -> str:
    """Return the SHA-256 over the sorted `sha256  path` lines of `files`, paths relative to `root`."""
    lines = sorted(f"{file_digest(file)}  {file.relative_to(root).as_posix()}\n" for file in files)
    return hashlib.sha256("".join(lines).encode("utf-8")).hexdigest()


def file_digest(file: Path) -> str:
    """Return the SHA-256 of one file, read in chunks, because models may be larger than memory."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
