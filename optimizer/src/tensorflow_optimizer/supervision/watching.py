"""Runs a job's process, and shows its progress on a terminal."""

from __future__ import annotations

import os
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING

from ..processes.process_group import process_group
from ..processes.progress_events import VARIABLE, Event
from .display import Display, is_watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence


def run_watched(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command of this package, and return its exit code.

    On a terminal its standard error is printed above progress bars; elsewhere it is inherited.

    Raises:
        StoppedError: This program was asked to stop; the command has ended.
    """
    if not is_watched() or os.name != "posix":
        with process_group(command, env=environment) as process:
            return process.wait()
    with (
        Display() as display,
        _pipe(display.log) as log,
        _pipe(lambda line: display.show(Event.from_line(line))) as feed,
        process_group(command, env={**environment, VARIABLE: str(feed)}, pass_fds=(feed,), stderr=log) as process,
    ):
        return process.wait()


@contextmanager
def _pipe(use: Callable[[str], None]) -> Iterator[int]:
    """Yield the writing end of a pipe, and handle each line from it until all writers have closed it."""

    def read() -> None:
        for line in lines:
            use(line.rstrip("\n"))

    reading, writing = os.pipe()
    with os.fdopen(reading, encoding="utf-8", errors="replace") as lines:
        thread = Thread(target=read, daemon=True)
        thread.start()
        try:
            yield writing
        finally:
            os.close(writing)
            thread.join()
