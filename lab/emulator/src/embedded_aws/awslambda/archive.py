"""ZIP archives of functions and layers, unpacked once each."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import tempfile
import threading
import zipfile
from pathlib import Path

UNZIPPED_LIMIT = 262_144_000
"""Bytes that a function and all its layers may hold, unzipped."""


class ArchiveError(ValueError):
    """The archive is no ZIP, or has a path that leaves its directory."""


def unzipped_size(data: bytes) -> int:
    """The bytes that an archive holds, unzipped."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return sum(entry.file_size for entry in archive.infolist())


def unpack(data: bytes, target: Path) -> None:
    """Unpacks a ZIP as Lambda does: with its Unix modes and symbolic links, which Python's own method drops.

    Args:
        data: the archive.
        target: an existing, empty directory.

    Raises:
        ArchiveError: it is no ZIP, or a path leaves the directory.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile as error:
        raise ArchiveError(f"the package is not a ZIP archive: {error}") from error
    with archive:
        for entry in archive.infolist():
            _unpack_entry(archive, entry, target)


def _unpack_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    path = target / entry.filename
    if not Path(os.path.normpath(path)).is_relative_to(target):
        raise ArchiveError(f"the package holds a path outside itself: {entry.filename}")
    mode = entry.external_attr >> 16
    if entry.is_dir():
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if stat.S_ISLNK(mode):
        path.unlink(missing_ok=True)
        path.symlink_to(archive.read(entry).decode())
        return
    with archive.open(entry) as source, path.open("wb") as file:
        shutil.copyfileobj(source, file)
    # A package made on Windows, or by a library that sets no modes, has none.
    path.chmod((stat.S_IMODE(mode) or 0o644) | 0o444)


class UnpackedArchives:
    """Archives by content: the same layer in ten functions is unpacked once."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()

    def directory_of(self, data: bytes) -> Path:
        """Returns the directory of an archive's files. It is shared: do not write into it."""
        target = self._directory / hashlib.sha256(data).hexdigest()
        with self._lock:
            if not target.is_dir():
                partial = Path(tempfile.mkdtemp(prefix="partial-", dir=self._directory))
                unpack(data, partial)
                partial.chmod(0o755)
                partial.rename(target)
        return target


def merge(directories: list[Path], target: Path) -> None:
    """Lays directories over each other, later ones winning, as Lambda lays layers at /opt.

    Args:
        directories: in the order of the function's layers.
        target: an existing, empty directory.
    """
    for directory in directories:
        for folder, names, files in os.walk(directory):
            place = target / Path(folder).relative_to(directory)
            place.mkdir(parents=True, exist_ok=True)
            # A link to a directory is listed among the directories, but is not walked into.
            links = [name for name in names if (Path(folder) / name).is_symlink()]
            for name in [*files, *links]:
                _lay(Path(folder) / name, place / name)


def _lay(source: Path, destination: Path) -> None:
    destination.unlink(missing_ok=True)
    if source.is_symlink():
        destination.symlink_to(source.readlink())
        return
    try:
        destination.hardlink_to(source)
    except OSError:
        shutil.copy2(source, destination)
