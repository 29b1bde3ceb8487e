"""Sees to it that a leaf stays within its limits."""

from __future__ import annotations

import os
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from .family import descendants

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .limits import Limits

#: Free bytes of the machine's memory and of the disk below which a leaf is ended, whatever uses them.
_SPARE = 256 << 20
#: The measurement of a directory takes at most this share of the time.
_SHARE = 0.05
_PAGE = os.sysconf("SC_PAGE_SIZE")
_MEBIBYTE = 1 << 20


class Watch:
    """Measures the processes below this one, and their directory."""

    def __init__(self, directory: Path, limits: Limits) -> None:
        self._directory, self._limits = directory, limits
        self._since = time.monotonic()
        self._next_measurement = self._since
        self._spare_disk = min(_SPARE, _free_bytes(directory) // 2)
        self._spare_memory = min(_SPARE, (_available_memory() or 0) // 2)

    def violation(self) -> str | None:
        """Return what the leaf has exceeded, as the end of a sentence; None if nothing."""
        processes = descendants(os.getpid())
        if len(processes) > self._limits.processes:
            return f"it has more than {self._limits.processes} processes"
        used, most = sum(map(_resident_bytes, processes)), self._limits.memory_bytes
        if most is not None and used > most:
            return f"it uses {used // _MEBIBYTE} MiB of memory, and at most {most // _MEBIBYTE} MiB are allowed"
        available = _available_memory()
        if available is not None and available < self._spare_memory:
            return f"the machine has only {available // _MEBIBYTE} MiB of memory left"
        now = time.monotonic()
        if self._limits.seconds is not None and now - self._since > self._limits.seconds:
            return f"it has run for more than {self._limits.seconds:g} seconds"
        if now < self._next_measurement:
            return None
        violation = self._violation_on_disk(processes)
        self._next_measurement = now + (time.monotonic() - now) / _SHARE
        return violation

    def _violation_on_disk(self, processes: Iterable[int]) -> str | None:
        free = _free_bytes(self._directory)
        if free < self._spare_disk:
            return f"the disk has only {free // _MEBIBYTE} MiB left"
        used, files, depth = self._measured()
        used += _bytes_without_name(processes)
        most = self._limits.disk_bytes
        if most is not None and used > most:
            return f"it has written {used // _MEBIBYTE} MiB, and at most {most // _MEBIBYTE} MiB are allowed"
        if files > self._limits.files:
            return f"it has made more than {self._limits.files} files"
        if depth > self._limits.depth:
            return f"it has made directories more than {self._limits.depth} deep"
        return None

    def _measured(self) -> tuple[int, int, int]:
        """Return the bytes on the disk, the number of files and the depth, each up to the first that is too large."""
        used = files = deepest = 0
        waiting = [(os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC), 1)]
        try:
            while waiting and files <= self._limits.files and deepest <= self._limits.depth:
                directory, depth = waiting.pop()
                deepest = max(deepest, depth)
                with os.scandir(directory) as entries:
                    for entry in entries:
                        files += 1
                        if files > self._limits.files:
                            break
                        with suppress(OSError):  # it is gone again
                            status = entry.stat(follow_symlinks=False)
                            used += status.st_blocks * 512
                            if stat.S_ISDIR(status.st_mode) and len(waiting) <= self._limits.depth:
                                waiting.append((_open_below(directory, entry.name), depth + 1))
                os.close(directory)
        finally:
            for directory, _ in waiting:
                os.close(directory)
        return used, files, deepest


def _open_below(directory: int, name: str) -> int:
    return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)


def _bytes_without_name(processes: Iterable[int]) -> int:
    """Return the bytes of files that were removed, and are still open."""
    sizes = {}
    for process in processes:
        with suppress(OSError):
            for descriptor in Path(f"/proc/{process}/fd").iterdir():
                with suppress(OSError):
                    status = descriptor.stat()
                    if stat.S_ISREG(status.st_mode) and status.st_nlink == 0:
                        sizes[status.st_dev, status.st_ino] = status.st_blocks * 512
    return sum(sizes.values())


def _free_bytes(directory: Path) -> int:
    space = os.statvfs(directory)
    return space.f_bavail * space.f_frsize


def _resident_bytes(process: int) -> int:
    with suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{process}/statm").read_bytes().split()[1]) * _PAGE
    return 0


def _available_memory() -> int | None:
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return None
