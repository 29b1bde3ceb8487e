"""A user of its own for each leaf: a number that nobody has, held while a process of it may exist."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import OptimizerError

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Numbers that neither Linux distributions nor systemd give to a user, and that a user namespace of a container has.
USERS = range(60_600, 61_100)
#: Set to 1, a leaf of root may run as root, without capabilities, where it cannot have a user of its own.
ALLOW_ROOT = "TENSORFLOW_OPTIMIZER_ALLOW_ROOT"


class LeafUser:
    """A user's number, and the lock that keeps other jobs of this machine from taking it."""

    def __init__(self) -> None:
        """Take a free number.

        Raises:
            OptimizerError: There is none.
        """
        directory, running = _lock_directory(), _users_of_processes()
        for number in USERS:
            if number in running:
                continue
            lock = os.open(directory / str(number), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(lock)
                continue
            self.number, self.lock = number, lock
            return
        raise OptimizerError(
            f"all users from {USERS.start} to {USERS.stop - 1} have processes or jobs; wait until other jobs have ended"
        )

    def release(self) -> None:
        """Let others have the number, once every process that got the lock has ended; the second time does nothing."""
        if self.lock >= 0:
            os.close(self.lock)
            self.lock = -1


def _lock_directory() -> Path:
    """Return a directory of root alone that all jobs of the machine share."""
    for parent in (Path("/run"), Path(tempfile.gettempdir())):
        directory = parent / "tensorflow-optimizer-users"
        with suppress(OSError):
            directory.mkdir(mode=0o700, exist_ok=True)
            status = directory.lstat()
            if stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o022:
                return directory
    raise OptimizerError("neither /run nor the directory of temporary files can have the locks of the leaves' users")


def _users_of_processes() -> set[int]:
    users = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            users.add(process.stat().st_uid)
    return users


def unreadable(paths: Iterable[Path]) -> Path | None:
    """Return the first path that other users cannot read, or that is below a directory closed to them.

    Of a directory, its contents count too.
    """
    for path in paths:
        if (closed_entry := closed(path)) is not None:
            return closed_entry
        inside = (Path(parent) / name for parent, folders, files in os.walk(path) for name in (*folders, *files))
        if (
            closed_entry := next((entry for entry in inside if entry.exists() and not _is_open(entry)), None)
        ) is not None:
            return closed_entry
    return None


def closed(path: Path) -> Path | None:
    """Return the first part of a path that other users cannot read or enter; None if there is none."""
    resolved = path.resolve()
    return next((part for part in (*reversed(resolved.parents), resolved) if not _is_open(part)), None)


def _is_open(path: Path) -> bool:
    mode = path.stat().st_mode
    return bool(mode & (stat.S_IXOTH if stat.S_ISDIR(mode) else stat.S_IROTH))


#: Parts of an installation that the optimizer never imports, beside what an environment has of its own.
_UNNEEDED = ("site-packages", "include", "share", "config-*", "idlelib", "tkinter", "turtledemo", "ensurepip", "*.a")


def readable_python(directory: Path) -> tuple[str, str]:
    """Return an interpreter that other users can start, and the path of its library; empty if that is found.

    An interpreter below a home that is closed to others is linked, or copied, into a directory.
    """
    if closed(Path(sys.executable)) is None and closed(Path(os.__file__)) is None:
        return sys.executable, ""
    copy, is_environment = directory / "python", sys.prefix != sys.base_prefix
    unneeded = shutil.ignore_patterns("test", *(_UNNEEDED if is_environment else []))
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


def become(number: int) -> None:
    """Become a user with no group but its own, for good."""
    os.setgroups([])
    os.setresgid(number, number, number)
    os.setresuid(number, number, number)
