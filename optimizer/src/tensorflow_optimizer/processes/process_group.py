"""Runs a process and its children as one group, which ends as a whole."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_IS_POSIX = os.name == "posix"
#: Time for a process to clean up after an interrupt.
_SECONDS_TO_STOP = 20


class StoppedError(Exception):
    """A signal asked this program to end."""


@contextmanager
def process_group(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Start a command in its own process group, and end the whole group when the block ends.

    Args:
        command: The program.
        options: Options of Popen.

    Raises:
        StoppedError: SIGTERM or SIGHUP was received in the meantime.
    """
    with (
        _stopped_by_signals(),
        subprocess.Popen(command, stdin=subprocess.PIPE, process_group=0 if _IS_POSIX else None, **options) as process,  # noqa: S603 - our own module, our own interpreter
    ):
        try:
            yield process
        except (KeyboardInterrupt, StoppedError):
            # The terminal does not signal this group, so pass the interrupt on.
            _signal(process, signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_SECONDS_TO_STOP)
            raise
        finally:
            # A killed process leaves its children behind.
            _signal(process, signal.SIGKILL if _IS_POSIX else signal.SIGTERM)


def end_with_parent() -> None:
    """Called in the group's process: end the group when its parent is gone, even if killed."""
    if not stat.S_ISFIFO(os.fstat(0).st_mode):
        return

    def watch() -> None:
        # Blocks until the parent, which never writes, closes the other end.
        os.read(0, 1)
        if _IS_POSIX and os.getpgrp() == os.getpid():
            os.killpg(os.getpid(), signal.SIGKILL)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if _IS_POSIX:
            os.killpg(process.pid, number)
        else:
            process.terminate()


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """Turn signals that would end the program immediately into an exception."""
    if threading.current_thread() is not threading.main_thread() or not _IS_POSIX:
        yield
        return

    def stop(number: int, _: object) -> None:
        raise StoppedError(signal.Signals(number).name)

    # Ignored signals (nohup) stay ignored.
    numbers = [entry for entry in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(entry) is not signal.SIG_IGN]
    previous = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
