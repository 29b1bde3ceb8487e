"""Lambda's Runtime API for one function: sends events and receives answers on the loopback interface.

Tests and benchmarks use it too. See https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
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
_CLOSING_SECONDS = 0.01


@dataclass(frozen=True)
class Posted:
    """A body that a function posted."""

    where: str
    """`response`, `error`, or `init/error`."""
    body: bytes
    arrived: float
    """`time.perf_counter` when the body had arrived."""

    @property
    def failed(self) -> bool:
        """Say whether the answer was posted as an error of the function."""
        return self.where != "response"

    @property
    def value(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body or b"null")


class RuntimeApi:
    """Serves one function on a free port; events are answered in their order."""

    def __init__(self) -> None:
        self._events: Queue[tuple[bytes, dict[str, str]]] = Queue()
        self._posted: Queue[Posted] = Queue()
        self._count = 0
        self._server = _Server(("127.0.0.1", 0), _handler(self._events, self._posted))
        threading.Thread(target=self._server.serve_forever, args=(_CLOSING_SECONDS,), daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    @property
    def address(self) -> str:
        """Host and port, the value of AWS_LAMBDA_RUNTIME_API."""
        return f"127.0.0.1:{self._server.server_port}"

    def send(self, event: bytes, **headers: str) -> None:
        """Queue an event for the function's next call of `invocation/next`, with further headers (`_` for `-`)."""
        self._count += 1
        identity = {"Lambda-Runtime-Aws-Request-Id": f"request-{self._count}"}
        self._events.put((event, identity | {name.replace("_", "-"): value for name, value in headers.items()}))

    def receive(self, seconds: float, alive: Callable[[], bool]) -> Posted | None:
        """Return what is posted next; None after `seconds`, or if the function's process ended without it."""
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            running = alive()
            try:
                return self._posted.get(timeout=_POLL_SECONDS)
            except Empty:
                if not running:
                    return None
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Print nothing: a function is ended while it waits for its next event."""


def _handler(events: Queue[tuple[bytes, dict[str, str]]], posted: Queue[Posted]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # An answer in several small writes would wait for the peer's delayed acknowledgement.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            """Serve `invocation/next`."""
            event, headers = events.get()
            deadline = int((time.time() + _DEADLINE_SECONDS) * 1000)
            self._send(
                200,
                event,
                {
                    "Lambda-Runtime-Invoked-Function-Arn": _FUNCTION_ARN,
                    "Lambda-Runtime-Deadline-Ms": str(deadline),
                    **headers,
                },
            )

        def do_POST(self) -> None:
            """Serve `invocation/<id>/response`, `invocation/<id>/error` and `init/error`."""
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            arrived = time.perf_counter()
            self._send(202, b"{}", {})
            where = self.path.removeprefix(_PREFIX)
            posted.put(Posted(where if where == "init/error" else where.rsplit("/", 1)[1], body, arrived))

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
