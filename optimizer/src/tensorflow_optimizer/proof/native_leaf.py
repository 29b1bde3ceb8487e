"""Drives the native program in a sandbox: what it answers leaves as bytes, and is not looked at here."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import numpy as np

from ..documents.draft import LITERT_FILE
from ..sandbox.landlock import keep_to_own_process
from .runtime_api import RuntimeApi

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ..sandbox import Channel
    from ..sandbox.frames import Frame

#: The judge has a deadline of its own, a little later.
TIMEOUT_SECONDS = 300.0
MEASURE_SECONDS = 600.0
#: Prefix of the names of files beside the model.
BESIDE = "beside/"
#: Most bytes to pass on of a log, an error, or a text that a program printed.
_TEXT_BYTES = 1 << 20
#: Variables of Lambda that the program needs.
_LAMBDA_VARIABLES = {
    "AWS_LAMBDA_FUNCTION_NAME": "proof",
    "AWS_LAMBDA_FUNCTION_VERSION": "1",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
    "AWS_LAMBDA_LOG_GROUP_NAME": "proof",
    "AWS_LAMBDA_LOG_STREAM_NAME": "proof",
    "AWS_REGION": "eu-west-1",
}


def drive(channel: Channel, directory: Path) -> None:
    """Lay out the program and the model of the first request, and do what the others ask for.

    One program runs at a time, the only child of this process.
    """
    with ExitStack() as started:
        driver = _Driver(directory, started)
        for request in channel:
            document, arrays = getattr(driver, request.document["do"])(request)
            channel.answer(document, arrays)


class _Driver:
    """A public method for each request; it returns the answer's document and arrays."""

    def __init__(self, directory: Path, started: ExitStack) -> None:
        self._program = directory / "bootstrap"
        self._model = directory / "model"
        self._library = ""
        self._started = started
        self._process: subprocess.Popen[bytes] | None = None

    def lay_out(self, request: Frame) -> Any:
        """Write program, model and description."""
        self._model.mkdir()
        self._program.write_bytes(request.arrays["program"].tobytes())
        self._program.chmod(0o755)
        (self._model / LITERT_FILE).write_bytes(request.arrays["model"].tobytes())
        for name, content in request.arrays.items():
            if name.startswith(BESIDE):
                (self._model / name.removeprefix(BESIDE)).write_bytes(content.tobytes())
        self._library = request.document["library"]
        return self.describe(request)

    def describe(self, request: Frame) -> Any:
        """Write another description, for the next start."""
        (self._model / "model.json").write_text(request.document["description"], encoding="utf-8")
        return {}, {}

    def start(self, request: Frame) -> Any:
        """Start the program, and send it events, if there are any."""
        self.stop(request)
        self._api = self._started.enter_context(RuntimeApi())
        self._log = self._started.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - it is closed with the program
        variables = {"PATH": os.environ.get("PATH", ""), "AWS_LAMBDA_RUNTIME_API": self._api.address}
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [str(self._program)],
                env={**self._environment(), **variables, **_LAMBDA_VARIABLES},
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=subprocess.STDOUT,
                preexec_fn=keep_to_own_process,  # noqa: PLW1509 - the other thread holds no lock
            )
        except OSError as error:
            return _cannot_execute(error), {}
        return self.send(request) if "events" in request.arrays else ({}, {})

    def send(self, request: Frame) -> Any:
        """Send events in their order, all of them as many times as asked for, and return the last answer to each."""
        bodies: list[bytes] = []
        process = self._process
        if process is None:
            return {"ended": "it was not started"}, {}
        for _ in range(request.document.get("times", 1)):
            bodies = []
            for event in request.arrays["events"]:
                self._api.send(event)
                posted = self._api.receive(TIMEOUT_SECONDS, lambda: process.poll() is None)
                if posted is None:
                    return {"ended": self._ending()}, {}
                if posted.failed:
                    return {"failed": True}, {"bodies": byte_strings([posted.body[:_TEXT_BYTES]])}
                bodies.append(posted.body)
        return {}, {"bodies": byte_strings(bodies)}

    def nothing(self, _: Frame) -> Any:
        """Do nothing, to time how long it takes to ask."""
        return {}, {}

    def log(self, _: Frame) -> Any:
        """Return the end of the program's log."""
        return {}, {"log": byte_strings([self._text()])}

    def stop(self, _: Frame) -> Any:
        """End the program."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        self._started.close()
        return {}, {}

    def measure(self, request: Frame) -> Any:
        """Let the program measure runs, and return what it prints."""
        self.stop(request)
        try:
            done = subprocess.run(  # noqa: S603 - our own program
                [str(self._program), "measure"],
                input=request.arrays["lines"].item(),
                env=self._environment(),
                capture_output=True,
                timeout=MEASURE_SECONDS,
                check=False,
                preexec_fn=keep_to_own_process,
            )
        except subprocess.TimeoutExpired:
            return {"ended": f"the measurement took more than {MEASURE_SECONDS:.0f} seconds"}, {}
        except OSError as error:
            return _cannot_execute(error), {}
        if done.returncode < 0:
            return {"ended": f"the measurement was ended by {signal.Signals(-done.returncode).name}"}, {}
        if done.returncode:
            last = last_line(done.stderr)
            return {"ended": last or f"the measurement returned {done.returncode}"}, {}
        return {}, {"printed": byte_strings([done.stdout[:_TEXT_BYTES]])}

    def _environment(self) -> dict[str, str]:
        return {"MODEL_DIR": str(self._model), "LITERT_LIBRARY": self._library}

    def _ending(self) -> str:
        status = None if self._process is None else self._process.poll()
        if status is None:
            return f"no answer within {TIMEOUT_SECONDS:.0f} seconds"
        if status < 0:
            return f"the process was ended by {signal.Signals(-status).name}"
        return last_line(self._text()) or f"the process returned {status}"

    def _text(self) -> bytes:
        end = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, end - _TEXT_BYTES))
        content: bytes = self._log.read(_TEXT_BYTES)
        return content


def last_line(content: bytes) -> str:
    """Return the last line that is not empty."""
    lines = content.decode(errors="replace").splitlines()
    return next((line for line in reversed(lines) if line.strip()), "")


def _cannot_execute(error: OSError) -> dict[str, str]:
    return {"ended": f"this machine cannot execute it: {error.strerror}"}


def byte_strings(contents: Sequence[bytes]) -> np.ndarray[Any, Any]:
    """Return an array of bytes that travels as it is."""
    array = np.empty(len(contents), dtype=object)
    array[:] = contents
    return array
