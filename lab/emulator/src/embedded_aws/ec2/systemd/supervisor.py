"""Runs one machine in a cgroup of its own, and leaves nothing of it behind, however its end comes.

`python -I -S supervisor.py <cgroup> <directory> <command…>`: the command is killed with this process. When it has
ended, the cgroup and the directory are removed. SIGTERM ends the command.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import sys
import time
from pathlib import Path

_SET_PARENT_DEATH_SIGNAL = 1
_LONGEST_END_SECONDS = 20.0
PREFIX = "embedded-aws-instance-"


def run(cgroup: Path, command: list[str]) -> int:
    """Starts the command in the cgroup, and returns its process."""
    cgroup.mkdir()
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    try:
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() == parent:
            (cgroup / "cgroup.procs").write_text("0")
            os.execvp(command[0], command)  # noqa: S606 - util-linux, and our own programs
    finally:
        os._exit(127)


def remove(cgroup: Path) -> None:
    """Removes a cgroup with those below it, once their processes are gone."""
    deadline = time.monotonic() + _LONGEST_END_SECONDS
    while cgroup.is_dir():
        with contextlib.suppress(OSError):
            (cgroup / "cgroup.kill").write_text("1")
        for directory, _, _ in os.walk(cgroup, topdown=False):
            with contextlib.suppress(OSError):
                Path(directory).rmdir()
        if time.monotonic() > deadline:
            print(f"{cgroup} could not be removed", flush=True)
            return
        time.sleep(0.05)


def sweep(parent: Path) -> None:
    """Removes the empty cgroups of supervisors that were killed: a name ends with the process that made it."""
    for left in parent.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            empty = "populated 0" in (left / "cgroup.events").read_text()
            if empty and not Path(f"/proc/{left.name.removeprefix(PREFIX)}").exists():
                remove(left)


def main() -> None:
    """Supervises until the command has ended."""
    parent, directory, command = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
    running: list[int] = []

    def end(*_: object) -> None:
        for pid in running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, end)
    sweep(parent)
    cgroup = parent / f"{PREFIX}{os.getpid()}"
    running.append(run(cgroup, command))
    os.waitpid(running[0], 0)
    remove(cgroup)
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
