"""The part of Lambda's Runtime API that the proof needs: sends events and receives answers on the loopback interface.

See https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable

_PREFIX = "/2018-06-01/runtime/"
_FUNCTION_ARN = "arn:aws:lambda:eu-west-1:123456789012:function:proof"
_DEADLINE_SECONDS = 300
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Answer:
    """A function's answer to one event."""

    body: bytes
    arrived: float
    """`time.perf_counter` when the body had arrived."""
    failed: bool
    """It was posted as an error of the function."""


class RuntimeApi:
    """Serves one function; events are answered in their order."""

    def __init__(self) -> None:
        self._events: Queue[bytes] = Queue()
        self._answers: Queue[Answer] = Queue()
        self._server = _Server(("127.0.0.1", 0), _handler(self._events, self._answers))
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def address(self) -> str:
        """Host and port, the value of AWS_LAMBDA_RUNTIME_API."""
        return f"127.0.0.1:{self._server.server_port}"

    def send(self, event: bytes) -> None:
        """Queue an event for the function's next call of `invocation/next`."""
        self._events.put(event)

    def receive(self, seconds: float, alive: Callable[[], bool]) -> Answer | None:
        """Return the next answer; None after `seconds`, or if the function's process ended without one."""
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            running = alive()
            try:
                return self._answers.get(timeout=_POLL_SECONDS)
            except Empty:
                if not running:
                    return None
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Print nothing: the proof ends the function while it waits for its next event."""


def _handler(events: Queue[bytes], answers: Queue[Answer]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # An answer in several small writes would wait for the peer's delayed acknowledgement.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            """Serve `invocation/next`."""
            event = events.get()
            deadline = int((time.time() + _DEADLINE_SECONDS) * 1000)
            self._send(
                200,
                event,
                {
                    "Lambda-Runtime-Aws-Request-Id": "00000000-0000-4000-8000-000000000000",
                    "Lambda-Runtime-Invoked-Function-Arn": _FUNCTION_ARN,
                    "Lambda-Runtime-Deadline-Ms": str(deadline),
                },
            )

        def do_POST(self) -> None:
            """Serve `invocation/<id>/response`, `invocation/<id>/error` and `init/error`."""
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            arrived = time.perf_counter()
            self._send(202, b"{}", {})
            answers.put(Answer(body, arrived, not self.path.removeprefix(_PREFIX).endswith("/response")))

        def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Print nothing."""

    return Handler
