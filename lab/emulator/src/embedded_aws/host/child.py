"""A process that ends with the embedded AWS, however that ends."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SUPERVISE = Path(__file__).with_name("supervise.py")


class Child:
    """A running command and everything that it starts."""

    def __init__(self, command: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None) -> None:
        """Starts it.

        Args:
            command: the program and its arguments.
            log: gets what it prints, after what is there already.
            environment: all its variables; this process's own by default.
        """
        self.command = list(command)
        self.log = log
        watched, self._alive = os.pipe()
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - what the embedded AWS runs
                [sys.executable, "-I", "-S", str(_SUPERVISE), str(watched), *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if environment is None else dict(environment),
                pass_fds=[watched],
            )
        os.close(watched)

    def code(self) -> int | None:
        """Exit code, or None while it runs."""
        return self._process.poll()

    def wait(self) -> int:
        """Waits for its end and returns its exit code."""
        code = self._process.wait()
        self._close()
        return code

    def end(self, grace_seconds: float) -> None:
        """Sends it SIGTERM, and kills it and everything that it started when it has ended or this time is over."""
        # The child may have ended by itself.
        with contextlib.suppress(OSError):
            os.write(self._alive, b"T")
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(grace_seconds)
        self.stop()

    def stop(self) -> None:
        """Kills it and everything that it started."""
        self._close()
        self._process.wait()

    def _close(self) -> None:
        alive, self._alive = self._alive, -1
        if alive >= 0:
            os.close(alive)
