"""Whether a process has ended: a kill takes effect when the kernel gets to it."""

from __future__ import annotations

import time
from contextlib import suppress

import psutil
import pytest

_SECONDS = 60


def process_of(identifier: int) -> psutil.Process | None:
    """Return a process; None where there is none any more."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(identifier)
    return None


def check_over(process: psutil.Process | None) -> None:
    """Fail unless a process ends soon. One whose parent is gone may wait for the system to bury it."""
    deadline = time.monotonic() + _SECONDS
    while process is not None and _goes_on(process):
        if time.monotonic() > deadline:
            pytest.fail(f"{process} goes on")
        time.sleep(0.05)


def _goes_on(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
