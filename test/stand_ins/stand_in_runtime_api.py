"""Serves as much of Lambda's Runtime API as one cold start needs: one event out, its answer in.

See https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html.
"""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any, ClassVar

CLIENT = "import sys; sys.path[:0] = sys.argv.pop(1).split(':'); from awslambdaric.__main__ import main; main(sys.argv)"
"""Starts the client of Lambda's own Python images; its first argument is a `sys.path`."""


class RuntimeApi:
    """Serves one function on a free port of the loopback interface."""

    def __init__(self, event: Any) -> None:
        self.answers: Queue[tuple[float, Any]] = Queue()
        """When an answer was posted (`time.perf_counter`), and the answer."""
        self.given = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _handler(self, json.dumps(event).encode()))
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """The value of AWS_LAMBDA_RUNTIME_API."""
        return f"127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Say nothing: a function that was measured is ended in the middle of its next request."""


def _handler(api: RuntimeApi, event: bytes) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        HEADERS: ClassVar[dict[str, str]] = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": "00000000-0000-4000-8000-000000000000",
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-west-1:123456789012:function:digits",
        }

        def do_GET(self) -> None:
            """`/2018-06-01/runtime/invocation/next`: the event once, then silence until the process is ended."""
            if api.given.is_set():
                time.sleep(60)
                return
            api.given.set()
            deadline = str(int((time.time() + 30) * 1000))
            self._send(200, event, {**self.HEADERS, "Lambda-Runtime-Deadline-Ms": deadline})

        def do_POST(self) -> None:
            """`/2018-06-01/runtime/invocation/<id>/response`, `…/error` and `/2018-06-01/runtime/init/error`."""
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            arrived = time.perf_counter()
            self._send(202, b"{}", {"Content-Type": "application/json"})
            answer = json.loads(body or b"null")
            api.answers.put((arrived, answer if self.path.endswith("/response") else {"error": answer}))

        def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler
