"""Runs a process as a user who owns nothing: what it must read, and what it may change."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import OptimizerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

#: A number that neither Linux distributions nor systemd give to a user.
OTHER_USER = 64_199


def unreadable(paths: Iterable[Path], trees: Iterable[Path]) -> Path | None:
    """Return the first path that other users cannot read; None if they can read all.

    Args:
        paths: Files and directories.
        trees: Those whose contents must be readable too.
    """
    for path in paths:
        if (found := _closed(path.resolve())) is not None:
            return found
    for tree in trees:
        if (found := _closed(tree.resolve())) is not None:
            return found
        inside = (Path(parent) / name for parent, folders, files in os.walk(tree) for name in (*folders, *files))
        if (found := next((path for path in inside if path.exists() and not _is_open(path)), None)) is not None:
            return found
    return None


def _closed(path: Path) -> Path | None:
    return next((part for part in (*reversed(path.parents), path) if not _is_open(part)), None)


def _is_open(path: Path) -> bool:
    mode = path.stat().st_mode
    return bool(mode & (stat.S_IXOTH if stat.S_ISDIR(mode) else stat.S_IROTH))


def readable_python(directory: Path) -> tuple[str, str]:
    """Return an interpreter that other users can start, and the path of its library; empty if that is found.

    An interpreter below a home that is closed to others is linked, or copied, into a directory.
    """
    if unreadable([Path(sys.executable), Path(os.__file__)], []) is None:
        return sys.executable, ""
    copy, is_environment = directory / "python", sys.prefix != sys.base_prefix
    unneeded = shutil.ignore_patterns("test", *(["site-packages"] if is_environment else []))
    shutil.copytree(sys.base_prefix, copy, ignore=unneeded, copy_function=_link, ignore_dangling_symlinks=True)
    program = copy / Path(sys.executable).resolve().relative_to(Path(sys.base_prefix).resolve())
    if is_environment:
        program = _environment_like(Path(sys.prefix), directory / "environment", program)
    return str(program), str(copy / "lib")


def _environment_like(original: Path, environment: Path, program: Path) -> Path:
    """Make a virtual environment of another interpreter with the same packages, and return its interpreter."""
    (environment / "bin").mkdir(parents=True)
    (environment / "lib").symlink_to(original / "lib")
    (environment / "pyvenv.cfg").write_text(f"home = {program.parent}\n", encoding="utf-8")
    python = environment / "bin" / "python"
    python.symlink_to(program)
    return python


def _link(source: str, target: str) -> None:
    try:
        os.link(Path(source).resolve(), target)
    except OSError:  # another file system
        shutil.copy2(source, target)


def become_other_user(changed: Iterable[Path]) -> None:
    """Give files and directories to the other user, and become that user for good."""
    for path in changed:
        os.chown(path, OTHER_USER, OTHER_USER, follow_symlinks=False)
    os.setgroups([])
    os.setresgid(OTHER_USER, OTHER_USER, OTHER_USER)
    os.setresuid(OTHER_USER, OTHER_USER, OTHER_USER)


def take_back(output: Path, made: Callable[[Path], list[Path]]) -> None:
    """Make the output ours again, so that no process of the other user can change what is read next.

    Args:
        output: The directory.
        made: Returns what a run has written in it.

    Raises:
        OptimizerError: There is a link or a special file, by which the model could have other files published. It is
            removed.
    """
    _own(output)
    for path in made(output):
        odd = _take_back(path)
        if odd is not None:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
            raise OptimizerError(
                f"the job left {odd.relative_to(output)}, neither a directory nor a file of its own, which "
                "the optimizer never makes: optimize only models that you trust"
            )


def _take_back(path: Path) -> Path | None:
    """Make a path and all below it ours, each directory before it is listed; return the first link or special file."""
    found = path.lstat()
    if not (stat.S_ISDIR(found.st_mode) or (stat.S_ISREG(found.st_mode) and found.st_nlink == 1)):
        return path
    _own(path)
    inside = sorted(path.iterdir()) if stat.S_ISDIR(found.st_mode) else []
    return next(filter(None, map(_take_back, inside)), None)


def _own(path: Path) -> None:
    found = path.lstat()
    if found.st_uid == OTHER_USER:
        os.chown(path, os.geteuid(), os.getegid(), follow_symlinks=False)
        path.chmod(stat.S_IMODE(found.st_mode) & ~0o6022)
