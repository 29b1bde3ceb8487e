"""Removes a directory that a leaf has filled, however it is nested."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def remove_tree(directory: Path) -> None:
    """Remove a directory with all that it contains, which no process changes any more.

    Directories inside each other are moved side by side first: neither their depth nor the length of their paths, nor
    rights that their owner took away, stop it.
    """
    with suppress(FileNotFoundError):
        directory.chmod(0o700)
        top = os.open(directory, _DIRECTORY)
        try:
            _empty(top)
        finally:
            os.close(top)
        directory.rmdir()


def _empty(top: int) -> None:
    moved = 0
    waiting = [name for name in os.listdir(top) if not _remove_file(name, top)]
    while waiting:
        name = waiting.pop()
        inner = _opened(name, top)
        try:
            for entry in os.listdir(inner):  # noqa: PTH208 - a descriptor
                if _remove_file(entry, inner):
                    continue
                moved += 1
                os.chmod(entry, 0o700, dir_fd=inner)
                beside = _free_name(top, moved)
                os.rename(entry, beside, src_dir_fd=inner, dst_dir_fd=top)
                waiting.append(beside)
        finally:
            os.close(inner)
        os.rmdir(name, dir_fd=top)


def _opened(name: str, top: int) -> int:
    os.chmod(name, 0o700, dir_fd=top)
    return os.open(name, _DIRECTORY, dir_fd=top)


def _remove_file(name: str, directory: int) -> bool:
    """Remove anything but a directory, and say whether it was removed."""
    if stat.S_ISDIR(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode):
        return False
    os.unlink(name, dir_fd=directory)
    return True


def _free_name(top: int, number: int) -> str:
    name = f".moved-{number}"
    while True:
        try:
            os.stat(name, dir_fd=top, follow_symlinks=False)
        except FileNotFoundError:
            return name
        name += "-"
