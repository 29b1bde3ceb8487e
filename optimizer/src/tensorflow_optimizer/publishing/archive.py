"""archive/<version>.tar.gz: the SavedModel in one file, with the same bytes for the same files."""

from __future__ import annotations

import gzip
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_archive(target: Path, files: dict[str, Path]) -> None:
    """Write an archive of files by their path inside it: sorted, without owners, dates or this machine's modes."""
    with (
        target.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=raw, mtime=0) as packed,
        tarfile.open(mode="w", fileobj=packed, format=tarfile.PAX_FORMAT) as archive,
    ):
        for name in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.size = files[name].stat().st_size
            entry.mode = 0o644
            with files[name].open("rb") as content:
                archive.addfile(entry, content)
