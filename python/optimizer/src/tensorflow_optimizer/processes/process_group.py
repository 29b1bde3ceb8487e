"""Runs a process and all that it starts as one group, which ends as a whole."""

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
#: For what a process does when it is interrupted.
_SECONDS_TO_STOP = 20


class StoppedError(Exception):
    """A signal asked this program to end."""


@contextmanager
def process_group(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Start a command in a group of its own, and leave nothing of the group when the block ends, however it ends.

    Args:
        command: The program.
        options: More for Popen.

    Raises:
        StoppedError: SIGTERM or SIGHUP came meanwhile.
    """
    with (
        _stopped_by_signals(),
        subprocess.Popen(command, stdin=subprocess.PIPE, process_group=0 if _IS_POSIX else None, **options) as process,  # noqa: S603 - our own module, our own interpreter
    ):
        try:
            yield process
        except (KeyboardInterrupt, StoppedError):
            # The group is not the terminal's: it has heard of nothing yet.
            _signal(process, signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_SECONDS_TO_STOP)
            raise
        finally:
            # A process that was killed leaves the ones that it started behind.
            _signal(process, signal.SIGKILL if _IS_POSIX else signal.SIGTERM)


def end_with_parent() -> None:
    """In the process of a group: end the whole group when the one that started it is gone, even killed."""
    if not stat.S_ISFIFO(os.fstat(0).st_mode):
        return

    def watch() -> None:
        # The other end is the parent's, which writes nothing.
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
    """Turn the signals that end a program at once into an error that unwinds it."""
    if threading.current_thread() is not threading.main_thread() or not _IS_POSIX:
        yield
        return

    def stop(number: int, _: object) -> None:
        raise StoppedError(signal.Signals(number).name)

    # What is ignored (nohup) stays so.
    numbers = [one for one in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(one) is not signal.SIG_IGN]
    previous = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
