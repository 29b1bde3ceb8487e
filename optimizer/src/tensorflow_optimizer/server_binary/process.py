"""Runs a server on this machine for a short time, with one model."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Self

import requests

from ..sandbox.landlock import keep_to_own_process

if TYPE_CHECKING:
    from pathlib import Path

#: Name and version of the model on the server.
MODEL, VERSION = "model", 1
#: Time limit for a model to be loaded, and for an answer.
PATIENCE_SECONDS = 600.0
_POLL_SECONDS = 0.1
_LOG_BYTES = 64 << 10
#: The dynamic linker's messages for missing libraries or versions.
CANNOT_LINK = re.compile(r"(error while loading shared libraries: .*|version `[^']+' not found.*)")


class CannotRunError(Exception):
    """This machine cannot run the program, which says nothing about the serving machines."""


class ServerError(Exception):
    """The program runs, but does not serve the model."""


class Server:
    """A process of tensorflow_model_server. Use it as a context manager: inside, the model is loaded."""

    def __init__(self, program: Path, model: Path, work: Path, *, onednn: bool = True) -> None:
        """Prepare a server without starting it.

        Args:
            program: The server.
            model: A SavedModel's directory.
            work: An empty directory for the server's files.
            onednn: Whether it may use oneDNN, where bfloat16 crashes on a processor without it.
        """
        base = work / "models" / MODEL
        base.mkdir(parents=True)
        (base / str(VERSION)).symlink_to(model.resolve(), target_is_directory=True)
        self._log = work / "log"
        self._work = work
        self._onednn = onednn
        self._port = _free_port()
        self._command = [
            str(program.resolve()),
            # gRPC is not used, and TensorFlow Serving does not start without. A sandbox has no UNIX sockets, and a
            # network of its own for the port.
            f"--port={_free_port()}",
            f"--rest_api_port={self._port}",
            f"--model_name={MODEL}",
            f"--model_base_path={base}",
            # A model that does not load ends the server at the next look at its directory, and never without one.
            "--file_system_poll_wait_seconds=1",
            "--max_num_load_retries=0",
        ]
        self._session = requests.Session()
        self._session.trust_env = False  # A proxy is not for this machine.
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start the server and wait until the model is loaded.

        Raises:
            CannotRunError: The program does not run here.
            ServerError: It ends, or does not load the model.
        """
        # Nothing from the build's environment: the program needs no credentials.
        environment = {"PATH": os.defpath, "HOME": str(self._work), "TMPDIR": str(self._work), "LANG": "C.UTF-8"}
        environment["TF_ENABLE_ONEDNN_OPTS"] = str(int(self._onednn))
        try:
            with self._log.open("wb") as log:
                self._process = subprocess.Popen(  # noqa: S603 - trying this program is what we are asked for
                    self._command,
                    cwd=self._work,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    preexec_fn=keep_to_own_process,  # noqa: PLW1509 - no thread of this process holds a lock
                )
        except OSError as error:
            raise CannotRunError(f"it cannot be started: {error.strerror}") from error
        try:
            self._wait()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End the server."""
        self._end()

    def ask(self, body: bytes) -> bytes:
        """Return the answer to the body of a predict request, as it is.

        Raises:
            ServerError: it has none.
        """
        kind = {"Content-Type": "application/json"}
        try:
            response = self._session.post(f"{self._url}:predict", data=body, headers=kind, timeout=PATIENCE_SECONDS)
            content: bytes = response.content
        except requests.RequestException as error:
            raise ServerError(f"it does not answer ({self._ended() or error})") from error
        if response.status_code != 200:
            raise ServerError(f"it answers {response.status_code}: {content[:300].decode(errors='replace')}")
        return content

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1/models/{MODEL}/versions/{VERSION}"

    def _wait(self) -> None:
        """Wait for an endpoint that needs a loaded model; the plain status answers earlier."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if ended := self._ended():
                if missing_library := CANNOT_LINK.search(self._read_log()):
                    raise CannotRunError(missing_library[1].strip())
                raise ServerError(ended)
            try:
                if self._session.get(f"{self._url}/metadata", timeout=10).status_code == 200:
                    return
            except requests.RequestException:
                pass  # The port opens when the model is loaded.
            time.sleep(_POLL_SECONDS)
        raise ServerError(f"it has not loaded the model after {PATIENCE_SECONDS:.0f} seconds{self._last_words()}")

    def _ended(self) -> str:
        """Describe how the process ended; None while it runs."""
        code = self._process.poll() if self._process else None
        if code is None:
            return ""
        how = f"code {code}" if code >= 0 else signal.Signals(-code).name
        return f"it ended with {how}{self._last_words()}"

    def _end(self) -> None:
        if self._process is None:
            return
        # Including children of a script. The server handles no signal, so kill it directly.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _read_log(self) -> str:
        with self._log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _LOG_BYTES))
            return file.read().decode("utf-8", "replace")

    def _last_words(self) -> str:
        """Return the last line of the log that mentions an error, or the last line."""
        lines = [line.strip() for line in self._read_log().splitlines() if line.strip()]
        errors = [line for line in lines if re.search(r"error|fail|abort|: [EF] ", line, re.IGNORECASE)]
        return f": {(errors or lines)[-1][-400:]}" if lines else ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
