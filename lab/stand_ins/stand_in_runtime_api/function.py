"""A function's process, started as Lambda starts it."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tensorflow_optimizer.proof.runtime_api import Posted, RuntimeApi

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

DEADLINE_SECONDS = 120


class EndedError(Exception):
    """The process ended before it answered."""

    def __init__(self, status: int, printed: str) -> None:
        super().__init__(f"the process ended with status {status}: {printed}")
        self.status = status
        self.printed = printed


class Function:
    """A process with a Runtime API of its own.

    Args:
        command: What Lambda would start.
        environment: Of the process, besides PATH and AWS_LAMBDA_RUNTIME_API; nothing else is inherited.
    """

    def __init__(self, command: Sequence[str | Path], environment: dict[str, str]) -> None:
        self._api = RuntimeApi()
        self.process = subprocess.Popen(
            list(command),
            env={"PATH": os.environ["PATH"], "AWS_LAMBDA_RUNTIME_API": self._api.address, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        """Lines of standard output: the log."""
        self._printed: list[str] = []
        self._readers = [
            threading.Thread(target=_keep, args=(self.process.stdout, self.lines), daemon=True),
            threading.Thread(target=_keep, args=(self.process.stderr, self._printed), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def invoke(self, event: Any, **headers: str) -> Posted:
        """Hand over an event, a value or its text, and return what is posted.

        Raises:
            EndedError: the process ended instead.
        """
        self._api.send(event if isinstance(event, bytes) else json.dumps(event).encode(), **headers)
        return self.next_post()

    def next_post(self) -> Posted:
        """Wait for what is posted next."""
        posted = self._api.receive(DEADLINE_SECONDS, lambda: self.process.poll() is None)
        if posted is not None:
            return posted
        if self.process.poll() is None:
            raise TimeoutError("the process neither answered nor ended")
        raise EndedError(self.process.returncode, self.printed())

    def log(self) -> list[dict[str, Any]]:
        """Return the lines of the log so far, parsed."""
        return [json.loads(line) for line in self.lines]

    def printed(self) -> str:
        """Return what a process that has ended wrote to standard error."""
        self.process.wait(DEADLINE_SECONDS)
        for reader in self._readers:
            reader.join()
        return "".join(self._printed)

    def resident_kibibytes(self) -> int:
        """Return the memory that the process holds."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.printed()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        self._api.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _keep(stream: Iterable[str], lines: list[str]) -> None:
    lines.extend(stream)
