"""Runs a SavedModel in its own process: with other settings of TensorFlow, or to measure its memory."""

from __future__ import annotations

import signal
import subprocess
import sys
import weakref
from dataclasses import dataclass
from multiprocessing import Pipe
from typing import TYPE_CHECKING, Any

from ..processes import environment
from .runner import RunError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from multiprocessing.connection import Connection
    from pathlib import Path

    from ..signatures import SignatureSpec
    from .runner import Array, Arrays


@dataclass(frozen=True)
class Footprint:
    """Memory and time of a process that loaded a model and answered one request."""

    peak_mebibytes: float | None
    """Resident memory, TensorFlow's own included; None where the system does not tell."""
    load_milliseconds: float
    """Of the session loader, as a server has it."""


class IsolatedRunner:
    """A SavedModel in a session of another process. Its times include communication, so they are not a latency."""

    def __init__(
        self,
        directory: Path,
        tags: list[str],
        signatures: dict[str, SignatureSpec],
        *,
        reset_state: bool = False,
        onednn: bool | None = None,
    ) -> None:
        """Start the process and load the model.

        Raises:
            OptimizerError: TensorFlow cannot load it.
            RunError: the process ended.
        """
        self._connection, theirs = Pipe()
        command = [sys.executable, "-m", "tensorflow_optimizer.runners.session_process", str(theirs.fileno())]
        self._process = subprocess.Popen(  # noqa: S603 - our own module, our own interpreter
            command, pass_fds=[theirs.fileno()], env=environment.for_child(onednn=onednn)
        )
        theirs.close()
        self._finalizer = weakref.finalize(self, _end, self._connection, self._process)
        self._connection.send((directory, tags, signatures, reset_state))
        self.load_milliseconds: float = self._answer()

    def run(self, signature: str, inputs: Mapping[str, Array]) -> Arrays:
        """Call a signature once."""
        self._connection.send((signature, dict(inputs)))
        answer: Arrays = self._answer()
        return answer

    def close(self) -> None:
        """End the process."""
        self._finalizer()

    def peak_mebibytes(self) -> float | None:
        """Return the process's peak resident memory."""
        self._connection.send(None)
        peak: float | None = self._answer()
        return peak

    def _answer(self) -> Any:
        try:
            answer = self._connection.recv()
        except (EOFError, ConnectionError) as error:
            raise RunError(_ended(self._process.wait())) from error
        if isinstance(answer, Exception):
            raise answer
        return answer


def footprint(runner: IsolatedRunner, signature: str, inputs: Mapping[str, Array]) -> Footprint:
    """Return the resources to load the model and answer one request; requires a new runner."""
    runner.run(signature, inputs)
    return Footprint(runner.peak_mebibytes(), runner.load_milliseconds)


def _end(connection: Connection, process: subprocess.Popen[bytes]) -> None:
    """The process ends when its connection is closed."""
    connection.close()
    process.wait()


def _ended(code: int) -> str:
    if code < 0:
        return f"the process that ran it was ended by {signal.Signals(-code).name}"
    return f"the process that ran it ended (code {code})"
