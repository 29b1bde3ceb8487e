"""Messages of a leaf for people: bounded in number and length, and without line ends and escape sequences."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any, TypeGuard

from ..hints import Message
from ..processes import progress_events
from ..processes.plain_text import one_line
from .carried_errors import hints_of, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..processes.progress import Progress
    from .frames import Frame

log = logging.getLogger("tensorflow_optimizer")

_MOST_MESSAGES = 1000
_MOST_LINES = 2000
_LONGEST_LINE = 1000
_MOST_ACTIVITIES = 1000


class Messages:
    """Takes messages and lines of one leaf."""

    def __init__(self, progress: Progress | None) -> None:
        """Start with none.

        Args:
            progress: Receives messages and warnings; None: they go to the log.
        """
        self._progress = progress
        self._count = 0

    def receive(self, frame: Frame, process: Callable[[], int]) -> bool:
        """Take a frame that is no answer, and say whether it is one for people.

        Args:
            frame: The frame.
            process: Returns the leaf's process.
        """
        if frame.kind not in {"say", "warn", "progress"}:
            return False
        if frame.kind == "progress":
            _show(process(), frame.document)
            return True
        self._count += 1
        if self._count == _MOST_MESSAGES:
            log.warning("the model's process says more than %d messages; the others are left out", _MOST_MESSAGES)
        if self._count >= _MOST_MESSAGES:
            return True
        if frame.kind == "say":
            self._say(text_of(frame.document))
        elif isinstance(frame.document, dict):
            self._warn(frame.document)
        return True

    def _say(self, text: str) -> None:
        if self._progress is None:
            log.info(text)
        else:
            self._progress.say(text)

    def _warn(self, document: dict[str, Any]) -> None:
        text, candidate = text_of(document.get("text")), text_of(document.get("candidate")) or None
        if self._progress is None:
            log.warning(text)
        elif candidate is None:
            self._progress.warn(text, *hints_of(document.get("hints")))
        else:
            self._progress.warn_all([Message(text, hints_of(document.get("hints")), candidate)])

    @staticmethod
    def log_lines(descriptor: int) -> None:
        """Write the lines of a pipe to the log, until nobody has its other end any more."""
        count = 0
        with os.fdopen(descriptor, "rb") as lines:
            while line := lines.readline(_LONGEST_LINE):
                count += 1
                if count == _MOST_LINES:
                    log.warning("the model's process writes more than %d lines; the others are left out", _MOST_LINES)
                text = one_line(line.decode(errors="replace"))
                if count < _MOST_LINES and text:
                    log.info(text)


def _show(process: int, document: Any) -> None:
    """Show the state of an activity, if it is one."""
    members: dict[str, Any] = document if isinstance(document, dict) else {}
    activity, done, total = (members.get(name) for name in ("activity", "done", "total"))
    if _is_count(activity) and _is_count(done) and (total is None or _is_count(total)) and activity < _MOST_ACTIVITIES:
        ended = members.get("ended") is True
        progress_events.show(progress_events.Event(process, activity, text_of(members.get("text")), done, total, ended))


def _is_count(value: Any) -> TypeGuard[int]:
    return type(value) is int and 0 <= value < 1 << 53
