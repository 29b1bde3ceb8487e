"""Removes what would outlive the processes of a cluster's nodes, however its starter ended.

`python -I -S sweep.py <fd> <cgroup or -> <directory...>`: the other end of the descriptor is held by the starter. When
it closes, everything that still runs in the cgroup is killed, and the cgroup and the directories are removed. Without a
cgroup, processes that have a directory in their variables or arguments go on until they end: they may make it again.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import sys
import time
from pathlib import Path

#: Maximum time to sweep, much longer than an embedded AWS takes to end on a busy machine.
_SWEEP_SECONDS = 600


def main() -> None:
    """Waits, and sweeps."""
    alive, group, directories = int(sys.argv[1]), sys.argv[2], [Path(name) for name in sys.argv[3:]]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # a Ctrl-C in the terminal is for the starter
    while os.read(alive, 1):  # empty when the other end closes
        pass
    deadline = time.monotonic() + _SWEEP_SECONDS
    while group != "-" and (left := _left(group)) and time.monotonic() < deadline:
        for controller in left:
            _empty(controller)
        time.sleep(0.05)
    while time.monotonic() < deadline:
        used = group == "-" and _used(directories)
        for directory in directories:
            shutil.rmtree(directory, ignore_errors=True)
        if not used and not any(directory.exists() for directory in directories):
            return
        time.sleep(0.1)


def _used(directories: list[Path]) -> bool:
    """Say whether another process has one of the directories in its variables or arguments."""
    names = re.compile(rb"|".join(re.escape(os.fsencode(directory)) + rb"(?![^/\0:])" for directory in directories))
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended, or belongs to another user
            told = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
            if int(process.name) != os.getpid() and names.search(told):
                return True
    return False


def _left(group: str) -> list[Path]:
    mounts = [line.partition(" - ") for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    found = [Path(mount.split()[4]) / group for mount, _, rest in mounts if rest.split()[0] == "cgroup"]
    return [path for path in found if path.is_dir()]


def _empty(path: Path) -> None:
    for directory, _, _ in os.walk(path, topdown=False):
        with contextlib.suppress(OSError):
            for process in (Path(directory) / "cgroup.procs").read_text().split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(process), signal.SIGKILL)
        with contextlib.suppress(OSError):
            Path(directory).rmdir()  # fails while something in it has not ended yet


if __name__ == "__main__":
    main()
