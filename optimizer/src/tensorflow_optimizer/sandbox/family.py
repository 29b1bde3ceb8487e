"""The processes below a process, and their end."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_SECONDS_BETWEEN = 0.002
_PROC = Path("/proc")
#: Positions among the fields of /proc/PID/stat that follow the name.
_PARENT, _FAULTS_OF_CHILDREN = 1, 8


def descendants(process: int) -> list[int]:
    """Return all processes below a process. Where there is no /proc, none are found."""
    children = _children if _lists_children() else _all_children()
    below, waiting = [], [process]
    while waiting:
        inner = children(waiting.pop())
        below += inner
        waiting += inner
    return below


def traces_of_others(process: int) -> tuple[int, ...]:
    """Return what changes when a leaf's process starts another one, as the kernel counts it.

    These are the processes below the leaf's reaper beside the leaf, and the page faults of those that both have buried.
    A child that its parent ignored from the start is seen only while it runs.

    Raises:
        OSError: The process has ended, or the system does not tell.
    """
    fields = _fields(process)
    reaper = int(fields[_PARENT])
    others = sorted(set(descendants(reaper)) - {process})
    return (*others, int(fields[_FAULTS_OF_CHILDREN]), int(_fields(reaper)[_FAULTS_OF_CHILDREN]))


def _fields(process: int) -> list[bytes]:
    """Return the fields behind the name of a program, which is in parentheses and may contain anything."""
    return (_PROC / str(process) / "stat").read_bytes().rpartition(b")")[2].split()


def _lists_children() -> bool:
    """Say whether the kernel lists the children of a process. Some are built without."""
    return (_PROC / f"self/task/{threading.get_native_id()}/children").exists()


def _children(process: int) -> list[int]:
    children: list[int] = []
    threads = _PROC / str(process) / "task"
    with suppress(OSError, ValueError):
        for thread in threads.iterdir():
            with suppress(OSError):
                children += map(int, (thread / "children").read_bytes().split())
    return children


def _all_children() -> Callable[[int], list[int]]:
    """Ask every process of the machine for its parent."""
    children: dict[int, list[int]] = {}
    for place in _PROC.glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            children.setdefault(int(_fields(int(place.name))[_PARENT]), []).append(int(place.name))
    return lambda process: children.get(process, [])


class Family:
    """The processes below this one, all of which it buries. It must have no other children than those to be ended."""

    def __init__(self, first: int, user: int | None) -> None:
        self.first, self._user = first, user
        self.code: int | None = None
        """Exit code of the first process; None: it has not ended. A signal is a negative number."""
        self.processor_seconds = 0.0
        self.peak_bytes = 0
        """Peak memory of the first process."""

    def bury(self) -> bool:
        """Take note of processes that have ended, and say whether there are others."""
        while True:
            try:
                process, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if process == 0:
                return True
            self.processor_seconds += usage.ru_utime + usage.ru_stime
            if process == self.first:
                self.code = os.waitstatus_to_exitcode(status)
                self.peak_bytes = usage.ru_maxrss * (1 if os.uname().sysname == "Darwin" else 1024)

    def end(self) -> None:
        """End all, also those that are being started meanwhile. Returns when there is none."""
        while self.bury():
            for process in descendants(os.getpid()):
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            if self.code is None:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.first, signal.SIGKILL)
            if self._user is not None:
                _end_all_of(self._user)
            time.sleep(_SECONDS_BETWEEN)


def _end_all_of(user: int) -> None:
    """End every process of a user at once, before any of them can start another one."""
    sweeper = os.fork()
    if sweeper == 0:
        try:
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
            os.kill(-1, signal.SIGKILL)
        finally:
            os._exit(0)
    os.waitpid(sweeper, 0)
