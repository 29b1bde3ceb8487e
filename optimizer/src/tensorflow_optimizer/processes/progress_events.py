"""Reports progress to the supervising program: one line of JSON for each change, on a separate pipe.

Messages for people go to standard error, which no program parses. Without a supervisor nothing is written.
"""

from __future__ import annotations

import itertools
import json
import os
import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Item = TypeVar("Item")

#: The pipe's file descriptor, for the one process that inherits it.
VARIABLE = "TENSORFLOW_OPTIMIZER_FEED"
#: Lines shorter than PIPE_BUF bytes from several processes do not mix. An escaped character may take six bytes.
_LONGEST_TEXT = 200
_SECONDS_BETWEEN = 0.1


@dataclass(frozen=True)
class Event:
    """The state of one activity of a process."""

    process: int
    activity: int = 0
    """Number of the activity; 0: whatever the process does now. Others are counted, and may go on side by side."""
    text: str = ""
    done: int = 0
    total: int | None = None
    """Number of all steps; None: unknown."""
    ended: bool = False
    """End of the activity; with the activity 0, of all that the process did."""

    @staticmethod
    def from_line(line: str) -> Event:
        """Read a line of the pipe."""
        return Event(**json.loads(line))

    def to_line(self) -> str:
        """Return the line for the pipe."""
        return json.dumps(asdict(self)) + "\n"


class _Pipe:
    """The pipe that events are written to."""

    def __init__(self) -> None:
        self.descriptor: int | None = None
        self.forward: Callable[[Event], None] | None = None

    def send(self, event: Event) -> None:
        if self.forward is not None:
            self.forward(event)
            return
        if self.descriptor is None:
            return
        try:
            os.write(self.descriptor, event.to_line().encode())
        except OSError:
            # The supervisor is gone. Continue without it.
            self.descriptor = None


_pipe = _Pipe()
_numbers = itertools.count(1)


def connect() -> None:
    """Open the inherited pipe, if there is one."""
    # The number means another file in child processes, unless they inherit the pipe as well.
    descriptor = os.environ.pop(VARIABLE, None)
    _pipe.descriptor = int(descriptor) if descriptor else None


def send_through(forward: Callable[[Event], None]) -> None:
    """Report by a function, in a process that does not have the pipe."""
    _pipe.forward = forward


def show(event: Event) -> None:
    """Report the progress of another process."""
    _pipe.send(replace(event, text=_short(event.text)))


def tell(text: str) -> None:
    """Report this process's current activity."""
    _pipe.send(Event(os.getpid(), text=_short(text)))


def ended(process: int) -> None:
    """Report that a process has ended, because a killed process cannot."""
    _pipe.send(Event(process, ended=True))


class Activity:
    """A counted activity."""

    def __init__(self, text: str, total: int | None) -> None:
        self._number = next(_numbers)
        self._text = _short(text)
        self._total = total
        self._last = float("-inf")
        self.advance(0)

    def advance(self, done: int, total: int | None = None) -> None:
        """Report the progress, rarely enough to cost nothing."""
        self._total = self._total if total is None else total
        now = time.monotonic()
        if now - self._last >= _SECONDS_BETWEEN or done == self._total:
            self._last = now
            _pipe.send(Event(os.getpid(), self._number, self._text, done, self._total))

    def end(self) -> None:
        """Report the end."""
        _pipe.send(Event(os.getpid(), self._number, ended=True))


@contextmanager
def doing(text: str, total: int | None = None) -> Iterator[Activity]:
    """Count an activity explicitly."""
    activity = Activity(text, total)
    try:
        yield activity
    finally:
        activity.end()


_counting: ContextVar[Activity | None] = ContextVar("counting", default=None)


@contextmanager
def counting(text: str) -> Iterator[None]:
    """Report the progress of the `counted` loop inside, in code that does not know its purpose."""
    with doing(text) as activity:
        token = _counting.set(activity)
        try:
            yield
        finally:
            _counting.reset(token)


def counted(items: Sequence[Item]) -> Iterator[Item]:
    """Yield the items, and report the progress inside `counting`."""
    activity = _counting.get()
    for number, item in enumerate(items, 1):
        yield item
        if activity is not None:
            activity.advance(number, len(items))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…"
