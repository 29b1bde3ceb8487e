"""Finds and copies files below a directory without following a link out of it."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from ..errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_NO_LINK = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def files_below(directory: Path) -> list[str]:
    """Return the names of everything below a directory that is no directory, links and devices among them, sorted."""
    files = (path for path in directory.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted(path.relative_to(directory).as_posix() for path in files)


def first_link(root: Path, name: str) -> str | None:
    """Return the first part of the path `name` below `root` that is a link, as a path below `root`."""
    parts = PurePosixPath(name).parts
    for count in range(1, len(parts) + 1):
        if root.joinpath(*parts[:count]).is_symlink():
            return "/".join(parts[:count])
    return None


def refuse_links(root: Path, names: Iterable[str]) -> None:
    """Refuse a model of which a file is elsewhere.

    Raises:
        BadInputError: There is a link.
    """
    for name in names:
        link = first_link(root, name)
        if link is not None:
            raise BadInputError(
                f"the model's {link!r} is a link, and only files of its own directory are read and published; give a "
                "copy with plain files (cp -RL makes one)"
            )


def copy_files(source: Path, names: Iterable[str], destination: Path) -> int:
    """Copy files by their names below `source`, and nothing else of it.

    Returns:
        Their bytes.

    Raises:
        BadInputError: One is a link, or no regular file.
    """
    size = 0
    for name in names:
        refuse_links(source, [name])
        target = destination / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(source / name, _NO_LINK), "rb") as reading, target.open("wb") as writing:
            status = os.fstat(reading.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise BadInputError(f"the model's {name!r} is no file; give a directory with plain files")
            shutil.copyfileobj(reading, writing, 1 << 20)
            size += status.st_size
    return size
