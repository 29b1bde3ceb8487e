"""Unpacks an untrusted ZIP safely: nothing outside the target, no links, no truncated files."""

from __future__ import annotations

import shutil
import stat
import zipfile
from pathlib import Path, PurePosixPath

from ..archives import refuse_broken
from ..errors import BadInputError, OptimizerError

#: Disk space to keep free in addition to the unpacked files.
_RESERVE = 64 << 20
#: The longest name of a file on Linux, in bytes.
_LONGEST_NAME = 255


def safe_relative(name: str, what: str) -> Path:
    """Return an untrusted name as a path that cannot leave its directory."""
    path = PurePosixPath(name)
    hostile = path.is_absolute() or any(part in {"", ".", ".."} for part in name.split("/")) or not path.parts
    if hostile or "\\" in name or ":" in path.parts[0] or any(ord(character) < 32 for character in name):
        raise BadInputError(f"{what} has an entry with the path {name!r}: only plain relative paths are accepted")
    longest = max(path.parts, key=lambda part: len(part.encode("utf-8", "surrogatepass")))
    if len(longest.encode("utf-8", "surrogatepass")) > _LONGEST_NAME:
        raise BadInputError(
            f"{what} has an entry with the name {longest[:40]!r}…, which is longer than {_LONGEST_NAME} bytes"
        )
    return Path(*path.parts)


def unpack(archive: Path, target: Path, what: str) -> None:
    """Unpack a ZIP into an empty directory.

    Args:
        archive: The ZIP file.
        target: An empty directory.
        what: The archive's address, for the error.
    """
    try:
        with (
            refuse_broken(lambda error: BadInputError(f"{what} is not a whole ZIP archive ({error}): upload it again")),
            zipfile.ZipFile(archive) as file,
        ):
            entries = _checked(file.infolist(), what)
            needed, free = sum(entry.file_size for entry in entries.values()), shutil.disk_usage(target).free
            if needed + _RESERVE > free:
                raise OptimizerError(
                    f"no room to unpack {what}: it needs {needed / 1e6:,.0f} MB, and {free / 1e6:,.0f} MB are free; "
                    "take a larger compute type"
                )
            for path, entry in entries.items():
                (target / path).parent.mkdir(parents=True, exist_ok=True)
                # Reading ends after the declared size, so an entry cannot write more than was counted above.
                with file.open(entry) as source, (target / path).open("xb") as copy:
                    shutil.copyfileobj(source, copy, 1 << 20)
    except (FileExistsError, NotADirectoryError) as error:
        raise BadInputError(f"{what} has an entry that is a file and a directory at once: {error.filename}") from error


def _checked(entries: list[zipfile.ZipInfo], what: str) -> dict[Path, zipfile.ZipInfo]:
    files: dict[Path, zipfile.ZipInfo] = {}
    for entry in entries:
        path = safe_relative(entry.filename.rstrip("/"), what)
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
            raise BadInputError(f"{what} has an entry that is a link or a device: {entry.filename!r}; pack plain files")
        if entry.flag_bits & 1:
            raise BadInputError(f"{what} is encrypted ({entry.filename!r}): pack it without a password")
        if entry.is_dir():
            continue
        if path in files:
            raise BadInputError(f"{what} has the entry {entry.filename!r} twice")
        files[path] = entry
    if not files:
        raise BadInputError(f"{what} is an empty ZIP archive")
    return files
