"""The account's quota of concurrent builds: builds over it wait, and too many that wait are refused.

See https://docs.aws.amazon.com/codebuild/latest/userguide/limits.html.
"""

from __future__ import annotations

import threading
import time

QUEUED_PER_RUNNING = 5
"""Builds that may wait for each that may run."""


class QueueFullError(RuntimeError):
    """The queue has no room for another build."""


class BuildQueue:
    """Lets builds run in the order in which they came."""

    def __init__(self, limit: int) -> None:
        """Makes an empty one.

        Args:
            limit: builds that run at a time.
        """
        self._limit = limit
        self._running: set[str] = set()
        self._waiting: list[str] = []
        self._changed = threading.Condition()

    def join(self, build_id: str) -> bool:
        """Takes a build.

        Returns:
            Whether it may run at once.

        Raises:
            QueueFullError: it may neither run nor wait.
        """
        with self._changed:
            if len(self._running) < self._limit and not self._waiting:
                self._running.add(build_id)
                return True
            most = self._limit * QUEUED_PER_RUNNING
            if len(self._waiting) >= most:
                raise QueueFullError(f"Cannot have more than {most} builds in queue for the account")
            self._waiting.append(build_id)
            return False

    def wait(self, build_id: str, seconds: float) -> bool:
        """Waits for a build's turn.

        Returns:
            Whether it came: not when the time is up, nor when the build has left.
        """
        deadline = time.monotonic() + seconds
        with self._changed:
            while build_id in self._waiting:
                if self._waiting[0] == build_id and len(self._running) < self._limit:
                    self._waiting.remove(build_id)
                    self._running.add(build_id)
                    self._changed.notify_all()
                elif not self._changed.wait(deadline - time.monotonic()):
                    return False
            return build_id in self._running

    def leave(self, build_id: str) -> None:
        """Gives a build's place to the next one."""
        with self._changed:
            self._running.discard(build_id)
            if build_id in self._waiting:
                self._waiting.remove(build_id)
            self._changed.notify_all()
