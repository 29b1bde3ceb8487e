"""One layer of an image: a tar archive of added, replaced and removed files."""

from __future__ import annotations

import posixpath
import shutil
import tarfile
import zlib
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from ..errors import BadInputError

if TYPE_CHECKING:
    from pathlib import Path

_ZSTANDARD = b"\x28\xb5\x2f\xfd"
_CHUNK = 1 << 20
_BROKEN = (tarfile.TarError, EOFError, zlib.error, OSError)


class Kind(Enum):
    """An entry of a layer."""

    FILE = "a file"
    DIRECTORY = "a directory"
    SYMBOLIC_LINK = "a symbolic link"
    HARD_LINK = "a hard link"
    OTHER = "a device or a pipe"


@dataclass(frozen=True)
class Entry:
    """One name in a layer."""

    kind: Kind
    target: str = ""
    """Target of a link; empty for other entries."""


class Layer:
    """A layer on disk, whose digest has been checked."""

    def __init__(self, path: Path, name: str) -> None:
        """Read the names.

        Args:
            path: The layer.
            name: Its name in errors.

        Raises:
            BadInputError: It cannot be unpacked.
        """
        self._path, self._name = path, name
        with path.open("rb") as file:
            if file.read(4) == _ZSTANDARD:
                raise BadInputError(
                    f"{name} is compressed with zstd, which Python's standard library cannot unpack: push the image "
                    "with gzip (docker buildx build --output type=image,compression=gzip,force-compression=true,…)"
                )
        try:
            with tarfile.open(path, "r:*") as archive:
                # If a name is repeated, the last entry counts.
                self._members = {known: member for member in archive if (known := _normal(member.name))}
        except _BROKEN as error:
            raise self._unpackable(error) from error
        self.entries = {name: _entry(member) for name, member in self._members.items()}

    def extract(self, name: str, target: Path) -> None:
        """Write the content of one regular file to `target`, ignoring the archive's own path."""
        try:
            with tarfile.open(self._path, "r:*") as archive, target.open("wb") as copy:
                content = archive.extractfile(self._members[name])
                assert content is not None  # noqa: S101 - a regular file has content
                shutil.copyfileobj(content, copy, _CHUNK)
        except (tarfile.TarError, EOFError, zlib.error) as error:
            raise self._unpackable(error) from error

    def _unpackable(self, error: Exception) -> BadInputError:
        return BadInputError(f"{self._name} cannot be unpacked ({error}): push the image again")


def _normal(name: str) -> str:
    """Return a normalized name; empty for the root, and for names outside it."""
    return "" if ".." in name.split("/") else posixpath.normpath("/" + name).strip("/")


def _entry(member: tarfile.TarInfo) -> Entry:
    if member.isfile():
        return Entry(Kind.FILE)
    if member.isdir():
        return Entry(Kind.DIRECTORY)
    if member.issym():
        return Entry(Kind.SYMBOLIC_LINK, member.linkname)
    if member.islnk():
        return Entry(Kind.HARD_LINK, _normal(member.linkname))
    return Entry(Kind.OTHER)
