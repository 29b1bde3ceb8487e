"""Drives the Python handler in a sandbox: what it answers leaves as bytes, and is not looked at here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ..documents.draft import LITERT_FILE
from . import handler_probe
from .native_leaf import byte_strings, last_line

if TYPE_CHECKING:
    from ..sandbox import Channel

#: Bytes at the log's end that are searched for the reason of the handler's end.
_LOG_BYTES = 1 << 16


def drive(channel: Channel, directory: Path) -> None:
    """Start the handler with the model of the first request, and pass the questions of the others on."""
    with tempfile.TemporaryFile() as log:
        process: subprocess.Popen[bytes] | None = None
        for request in channel:
            if process is None:
                model = directory / "model"
                model.mkdir()
                (model / LITERT_FILE).write_bytes(request.arrays["model"].tobytes())
                (model / "model.json").write_text(request.document["description"], encoding="utf-8")
                process = _start(request.document["handler"], model, log)
                channel.answer()
            elif (answer := _answer(process, request.arrays["question"][0])) is None:
                channel.answer({"ended": _ending(process, log)})
            else:
                channel.answer({}, {"answer": byte_strings([answer])})


def _start(handler: str, model: Path, log: IO[bytes]) -> subprocess.Popen[bytes]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return subprocess.Popen(  # noqa: S603 - our own script, our own interpreter
        [sys.executable, "-I", "-B", str(Path(handler_probe.__file__)), handler, str(model)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        env=environment,
    )


def _answer(process: subprocess.Popen[bytes], question: bytes) -> bytes | None:
    """Return the line that answers a question; None if the process has ended."""
    pipes: Any = process
    try:
        pipes.stdin.write(question + b"\n")
        pipes.stdin.flush()
    except OSError:
        return None
    line: bytes = pipes.stdout.readline()
    return line if line.endswith(b"\n") else None


def _ending(process: subprocess.Popen[bytes], log: IO[bytes]) -> str:
    status = process.wait()
    if status < 0:
        return f"the process was ended by {signal.Signals(-status).name}"
    end = log.seek(0, os.SEEK_END)
    log.seek(max(0, end - _LOG_BYTES))
    return last_line(log.read()) or f"the process returned {status}"
