"""Processes of the tests: what they can import, and whether they have ended."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

_REPOSITORY = Path(__file__).parents[2]
#: PYTHONPATH of a process that runs the optimizer, which is not installed.
IMPORTABLE = os.pathsep.join(str(_REPOSITORY / room / "src") for room in ("optimizer", "runtime/shared"))
#: A kill takes effect when the kernel gets to it.
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
