"""Reads and writes frames on pipes, with an eye on whether the other side is still there."""

from __future__ import annotations

import os
import select
import time
from typing import TYPE_CHECKING

from .frame_error import FrameError
from .frames import MOST_BYTES, Frame, decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable

_PIECE = 1 << 20
#: Most seconds without a byte in the middle of a frame. Whoever writes one has all of it in memory.
_LONGEST_SILENCE = 60.0


class EndedError(Exception):
    """The other side has closed the pipe."""


class LateError(Exception):
    """The other side did not answer in time."""


def enlarge(descriptor: int) -> None:
    """Let a pipe hold a megabyte, where the system allows it: an array then takes fewer turns."""
    import fcntl

    if hasattr(fcntl, "F_SETPIPE_SZ"):
        try:
            fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIECE)
        except OSError:
            return  # a limit of the user


class FrameStream:
    """Two ends of pipes: one to read from, one to write to. They are closed by `close`.

    Deadlines hold for ends that do not block. The judge's do not.
    """

    def __init__(self, reading: int, writing: int) -> None:
        self._reading, self._writing = reading, writing

    def close(self) -> None:
        """Close both ends; the second time does nothing."""
        for descriptor in {self._reading, self._writing} - {-1}:
            os.close(descriptor)
        self._reading = self._writing = -1

    def send(self, frame: Frame, deadline: float | None = None) -> None:
        """Write a frame.

        Args:
            frame: The message.
            deadline: Of the monotonic clock; None: wait as long as it takes.

        Raises:
            EndedError: Nobody reads any more.
            LateError: The deadline has passed.
            ValueError: The frame cannot be carried.
        """
        for part in encode(frame):
            rest = memoryview(part)
            while rest:
                if self._writing < 0:
                    raise EndedError
                try:
                    rest = rest[os.write(self._writing, rest[:_PIECE]) :]
                except BlockingIOError:
                    _wait(self._writing, select.POLLOUT, deadline)
                except ConnectionError:
                    raise EndedError from None

    def receive(self, most_bytes: int = MOST_BYTES, deadline: float | None = None) -> Frame:
        """Read a frame.

        Raises:
            EndedError: The other side has closed its end.
            LateError: The deadline has passed.
            FrameError: What came is no frame, or more than is allowed, or breaks off without an end.
        """
        return decode(self._reader(deadline), most_bytes)

    def _reader(self, deadline: float | None) -> Callable[[int], memoryview]:
        has_begun = False

        def read(size: int) -> memoryview:
            nonlocal has_begun
            content = memoryview(bytearray(size))
            done = 0
            while done < size:
                if self._reading < 0:
                    raise EndedError
                try:
                    count = os.readv(self._reading, [content[done : done + _PIECE]])
                except BlockingIOError:
                    self._wait_for_more(deadline, has_begun=has_begun)
                    continue
                if not count:
                    raise EndedError
                done += count
                has_begun = True
            return content

        return read

    def _wait_for_more(self, deadline: float | None, *, has_begun: bool) -> None:
        silence = time.monotonic() + _LONGEST_SILENCE
        if not has_begun or (deadline is not None and deadline <= silence):
            _wait(self._reading, select.POLLIN, deadline)
            return
        try:
            _wait(self._reading, select.POLLIN, silence)
        except LateError:
            raise FrameError(f"a part of a frame, and nothing more for {_LONGEST_SILENCE:g} seconds") from None


def _wait(descriptor: int, event: int, deadline: float | None) -> None:
    poll = select.poll()
    poll.register(descriptor, event)
    left = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
    if not poll.poll(left):
        raise LateError
