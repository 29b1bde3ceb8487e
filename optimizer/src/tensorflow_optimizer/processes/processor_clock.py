"""The processor time of another process."""

from __future__ import annotations

import ctypes
import time


def processor_seconds(process: int) -> float | None:
    """Return what a process has computed so far, all its threads together; None if the system does not say it."""
    clock = ctypes.c_int()
    try:
        refused = ctypes.CDLL(None).clock_getcpuclockid(process, ctypes.byref(clock))
        return None if refused else time.clock_gettime(clock.value)
    except (AttributeError, OSError):
        return None
