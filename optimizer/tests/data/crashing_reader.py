"""Tasks of a leaf that end as a library of C++ does whose memory is damaged."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tensorflow_optimizer.sandbox import Channel


def SIGSEGV(channel: Channel, directory: Path) -> None:  # noqa: N802 - named after the signal
    """Read memory that there is not."""
    os.kill(os.getpid(), signal.SIGSEGV)


def SIGABRT(channel: Channel, directory: Path) -> None:  # noqa: N802 - named after the signal
    """End as an assertion does that failed."""
    os.kill(os.getpid(), signal.SIGABRT)


def SIGKILL(channel: Channel, directory: Path) -> None:  # noqa: N802 - named after the signal
    """End as the kernel ends a process that takes too much memory."""
    os.kill(os.getpid(), signal.SIGKILL)
