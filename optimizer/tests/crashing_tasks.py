"""Tasks of leaves that end by a signal."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tensorflow_optimizer.sandbox import Channel


def distil(_: Channel, __: Path) -> None:
    """End as the system ends a process when memory is short."""
    os.kill(os.getpid(), signal.SIGKILL)


def crash(channel: Channel, _: Path) -> None:
    """End by the signal of the request, or answer where it is 0."""
    for request in channel:
        if request.document["signal"]:
            os.kill(os.getpid(), request.document["signal"])
        channel.answer("made")
