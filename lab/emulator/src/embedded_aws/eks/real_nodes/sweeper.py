"""Starts the process that removes cgroups and directories after everything else has ended."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_SWEEP = Path(__file__).with_name("sweep.py")


class Sweeper:
    """Sweeps when it is told to, or when this process has ended."""

    def __init__(self, group: str | None, *directories: Path) -> None:
        """Starts it.

        Args:
            group: of which everything is killed and removed; None for none.
            directories: which are removed.
        """
        watched, self._alive = os.pipe()
        self._process = subprocess.Popen(  # noqa: S603 - our own script
            [sys.executable, "-I", "-S", str(_SWEEP), str(watched), group or "-", *map(str, directories)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[watched],
            start_new_session=True,
        )
        os.close(watched)

    def sweep(self) -> None:
        """Sweep, and wait until all is gone."""
        os.close(self._alive)
        self._process.wait()
