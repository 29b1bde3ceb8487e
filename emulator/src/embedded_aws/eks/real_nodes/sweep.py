"""Removes what would outlive the processes of a cluster's nodes, however its starter ended.

`python -I -S sweep.py <fd> <cgroup or -> <directory...>`: the other end of the descriptor is held by the starter. When
it closes, everything that still runs in the cgroup is killed, and the cgroup and the directories are removed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time
from pathlib import Path

_SECONDS = 120


def main() -> None:
    """Waits, and sweeps."""
    alive, group, directories = int(sys.argv[1]), sys.argv[2], [Path(name) for name in sys.argv[3:]]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # a Ctrl-C in the terminal is for the starter
    while os.read(alive, 1):  # empty when the other end closes
        pass
    deadline = time.monotonic() + _SECONDS
    while group != "-" and (left := _left(group)) and time.monotonic() < deadline:
        for controller in left:
            _empty(controller)
        time.sleep(0.05)
    while time.monotonic() < deadline and any(directory.exists() for directory in directories):
        for directory in directories:
            shutil.rmtree(directory, ignore_errors=True)
        time.sleep(0.05)


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
