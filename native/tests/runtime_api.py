"""Lambda's Runtime API for one process of the native program: any number of events, one after the other.

See https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

PREFIX = "/2018-06-01/runtime"
PATIENCE_SECONDS = 120


class EndedError(Exception):
    """The process ended before it answered."""

    def __init__(self, status: int, printed: str) -> None:
        super().__init__(f"the process ended with status {status}: {printed}")
        self.status = status
        self.printed = printed


@dataclass(frozen=True)
class Posted:
    """What the process posted, and where: `response`, `error`, or `init/error`."""

    where: str
    body: bytes

    @property
    def value(self) -> Any:
        return json.loads(self.body)


class Function:
    """A process of the native program, started as Lambda starts it."""

    def __init__(self, program: Path, environment: dict[str, str]) -> None:
        self._events: queue.Queue[tuple[bytes, dict[str, str]]] = queue.Queue()
        self._posted: queue.Queue[Posted] = queue.Queue()
        self._count = 0
        self._server = _server(self)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.process = subprocess.Popen(
            [program],
            env={
                "PATH": os.environ["PATH"],
                "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_port}",
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        """Of standard output: the log."""
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
        self._count += 1
        text = event if isinstance(event, bytes) else json.dumps(event).encode()
        identity = {"Lambda-Runtime-Aws-Request-Id": f"request-{self._count}"}
        self._events.put((text, identity | {name.replace("_", "-"): value for name, value in headers.items()}))
        return self.next_post()

    def next_post(self) -> Posted:
        """Wait for what is posted next."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                return self._posted.get(timeout=0.05)
            except queue.Empty:
                if self.process.poll() is not None and self._posted.empty():
                    raise EndedError(self.process.returncode, self.printed()) from None
        raise TimeoutError("the process neither answered nor ended")

    def log(self) -> list[dict[str, Any]]:
        """Return the lines of the log so far, parsed."""
        return [json.loads(line) for line in self.lines]

    def printed(self) -> str:
        """Return what a process that has ended wrote to standard error."""
        self.process.wait(PATIENCE_SECONDS)
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
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _keep(stream: Any, lines: list[str]) -> None:
    lines.extend(stream)


def _server(function: Any) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body of an answer are written one after the other, and the second must not wait for the first.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            while True:
                try:
                    event, headers = function._events.get(timeout=1)
                    break
                except queue.Empty:
                    if function.process.poll() is not None:
                        return
            self._send(200, event, headers)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            where = self.path.removeprefix(PREFIX).removeprefix("/")
            function._posted.put(Posted(where if where == "init/error" else where.rsplit("/", 1)[1], body))
            self._send(202, b"{}", {})

        def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            deadline = str(int((time.time() + PATIENCE_SECONDS) * 1000))
            for name, value in {"Lambda-Runtime-Deadline-Ms": deadline, **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """Say nothing: a process is ended in the middle of its next request."""

    return Server(("127.0.0.1", 0), Handler)
