"""Serves the Runtime API for one process: any number of events, one after the other."""

from __future__ import annotations

import json
import queue
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PREFIX = "/2018-06-01/runtime/"
DEADLINE_SECONDS = 120


@dataclass(frozen=True)
class Posted:
    """A body that a process posted, and where: `response`, `error`, or `init/error`."""

    where: str
    body: bytes
    arrived: float
    """`time.perf_counter` when the body had arrived."""

    @property
    def value(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body or b"null")


class RuntimeApi:
    """Serves one function on a free port of the loopback interface."""

    def __init__(self) -> None:
        self.posted: queue.Queue[Posted] = queue.Queue()
        self._events: queue.Queue[tuple[bytes, dict[str, str]]] = queue.Queue()
        self._count = 0
        self._server = _Server(("127.0.0.1", 0), _handler(self._events, self.posted))
        # The interval is how long closing takes at most.
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def address(self) -> str:
        """The value of AWS_LAMBDA_RUNTIME_API."""
        return f"127.0.0.1:{self._server.server_port}"

    def send(self, event: Any, **headers: str) -> None:
        """Keep an event, a value or its text, for the next time that the function asks for one."""
        self._count += 1
        text = event if isinstance(event, bytes) else json.dumps(event).encode()
        identity = {"Lambda-Runtime-Aws-Request-Id": f"request-{self._count}"}
        self._events.put((text, identity | {name.replace("_", "-"): value for name, value in headers.items()}))

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Say nothing: a process is ended in the middle of its next request."""


def _handler(
    events: queue.Queue[tuple[bytes, dict[str, str]]], posted: queue.Queue[Posted]
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body of an answer are written one after the other, and the second must not wait for the first.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            """`invocation/next`: waits for an event, as Lambda does."""
            event, headers = events.get()
            self._send(
                200,
                event,
                {
                    "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-west-1:123456789012:function:digits",
                    "Lambda-Runtime-Deadline-Ms": str(int((time.time() + DEADLINE_SECONDS) * 1000)),
                    **headers,
                },
            )

        def do_POST(self) -> None:
            """`invocation/<id>/response`, `invocation/<id>/error` and `init/error`."""
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            arrived = time.perf_counter()
            self._send(202, b"{}", {})
            where = self.path.removeprefix(PREFIX)
            posted.put(Posted(where if where == "init/error" else where.rsplit("/", 1)[1], body, arrived))

        def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler
