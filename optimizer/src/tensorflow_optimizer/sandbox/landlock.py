"""Restriction of the files that a leaf can open, by Landlock."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from py_landlock import Landlock

#: Programs and libraries of the system.
_SYSTEM = ["/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/opt", "/nix"]
#: Files of /etc that libraries read, without keys and passwords, which root could read even without capabilities.
_SETTINGS = [
    "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "ld.so.preload", "nsswitch.conf", "passwd", "group", "hosts",
    "host.conf", "resolv.conf", "gai.conf", "protocols", "services", "localtime", "timezone", "locale.alias",
    "mime.types", "os-release", "alternatives", "ssl/openssl.cnf", "OpenCL",
]  # fmt: skip
#: The processors, and what a container may use of them.
_MACHINE = ["/sys/devices/system", "/sys/kernel/mm/transparent_hugepage", "/sys/fs/cgroup"]
#: The machine, and the process itself: not other processes, whose command lines and environments may hold secrets.
_PROC = ["cpuinfo", "meminfo", "stat", "loadavg", "uptime", "version", "filesystems", "sys", "self"]
_DEVICES = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"]


#: Entries of the root directory, which nobody may list afterwards; empty: nothing is restricted.
_top: list[Path] = []


def restrict(read: Iterable[Path | str], write: Iterable[Path], *, programs: bool = False) -> None:
    """Keep access to the system's own files and to the given ones, and to no process outside.

    Where the kernel has them, signals and abstract UNIX sockets are restricted too.

    Args:
        read: Files and directories to read, with the programs in them.
        write: Directories to read and change.
        programs: Whether this process, which opens nothing, starts others, each of which has to find itself in /proc,
            and calls `keep_to_own_process` before.
    """
    from py_landlock import AccessFs, Landlock

    landlock = Landlock(strict=False).allow_all_network()
    file_access = AccessFs.READ_FILE | AccessFs.EXECUTE
    settings = [Path("/etc") / name for name in _SETTINGS]
    for path in _present([*_SYSTEM, *settings, *_MACHINE, *read]):
        landlock.add_path_rule(path, access=file_access | AccessFs.READ_DIR if path.is_dir() else file_access)
    if programs:
        landlock.add_path_rule("/proc", access=AccessFs.READ_FILE | AccessFs.READ_DIR)
    else:
        _allow_own_process(landlock)
    for path in write:
        landlock.allow_read_write(path).add_path_rule(path, access=AccessFs.REFER | AccessFs.EXECUTE)
    for path in _present(_DEVICES):
        landlock.add_path_rule(path, access=AccessFs.READ_FILE | AccessFs.WRITE_FILE)
    top = list(Path("/").iterdir())
    landlock.apply()
    _top.extend(top)


def keep_to_own_process() -> None:
    """Give up the other processes in /proc. To be called between fork and exec of a program, which then has its own."""
    from py_landlock import AccessFs, Landlock

    if not _top:
        return
    landlock, everything = Landlock(strict=False).allow_all_network(), AccessFs(0)
    for access in AccessFs:
        everything |= access
    for path in _top:
        if path.name != "proc" and path.is_dir():
            landlock.add_path_rule(path, access=everything)
    _allow_own_process(landlock)
    landlock.apply()


def _allow_own_process(landlock: Landlock) -> None:
    from py_landlock import AccessFs

    for path in _present(Path("/proc") / name for name in _PROC):
        _pin(path)
        landlock.add_path_rule(
            path, access=AccessFs.READ_FILE | AccessFs.READ_DIR if path.is_dir() else AccessFs.READ_FILE
        )


def _present(paths: Iterable[Path | str]) -> list[Path]:
    return [path for path in map(Path, paths) if os.access(path, os.F_OK)]


def _pin(path: Path) -> None:
    """Keep a file of /proc open. A rule belongs to its inode, which the kernel makes anew after it forgot the name."""
    os.open(path, os.O_PATH | os.O_CLOEXEC)
