"""Limits on a leaf's use of the machine."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

_MOST_OF_MEMORY = 0.9
_MOST_OF_DISK = 0.9


@dataclass(frozen=True)
class Limits:
    """Limits that an honest model does not reach: conversion of one of 1.5 GB takes 10 GB of memory.

    A leaf that reaches one is ended, and the judge gets an error that says which.
    """

    memory_bytes: int | None = None
    """Resident memory of all its processes; None: nine tenths of that of the machine, or of the container."""
    disk_bytes: int | None = None
    """Files in its directory; None: nine tenths of what is free there when it starts."""
    processes: int = 256
    """Processes at a time, its own included."""
    threads: int = 4096
    """Threads of all its processes. Only a leaf with a user of its own has this limit."""
    files: int = 100_000
    """Files and directories in its directory."""
    depth: int = 64
    """Directories inside each other, in its directory."""
    seconds: float | None = None
    """Time from its start to its end; None: as long as the judge waits."""

    def resolved(self, directory: Path) -> Limits:
        """Return the limits with what depends on the machine."""
        memory, disk = self.memory_bytes, self.disk_bytes
        if memory is None:
            memory = int(_MOST_OF_MEMORY * total_memory())
        if disk is None:
            disk_space = os.statvfs(directory)
            disk = int(_MOST_OF_DISK * disk_space.f_bavail * disk_space.f_frsize)
        return replace(self, memory_bytes=memory, disk_bytes=disk)


def total_memory() -> int:
    """Return the memory of the machine, or of the container where that has less, in bytes."""
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        try:
            limits.append(int((Path("/sys/fs/cgroup") / name).read_text(encoding="ascii")))
        except (OSError, ValueError):
            continue  # another version of cgroups, or no limit
    return min(limits)
