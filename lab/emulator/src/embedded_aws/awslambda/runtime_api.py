"""Serves Lambda's Runtime API to the one process of an execution environment.

See https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html.
"""

from __future__ import annotations

import json
import queue
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from embedded_aws.callers import why_refused

if TYPE_CHECKING:
    from collections.abc import Callable

_VERSION = "/2018-06-01/runtime"
_POSTED = re.compile(rf"{_VERSION}/(?:(?P<init>init/error)|invocation/(?P<request>[^/]+)/(?P<kind>response|error))")

Reply = dict[str, Any]


class RuntimeApi:
    """Hands out one event at a time and takes its answer, on a loopback port of its own."""

    def __init__(self, reply: Callable[[Reply], None]) -> None:
        """Starts to serve.

        Args:
            reply: gets `{"status": "ready"}` once the runtime asks for its first event, then one answer an event:
                `{"status": "ok", "result": …}` or `{"status": "error" | "init error", "payload": …}`.
        """
        self._reply = reply
        self._events: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._ready = False
        self.idle = threading.Event()
        """Set while the runtime waits for an event: then it has finished the one before."""
        self._current = ""
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, daemon=True, name="runtime-api").start()

    @property
    def address(self) -> str:
        """The value of AWS_LAMBDA_RUNTIME_API."""
        return f"127.0.0.1:{self._server.server_port}"

    def offer(self, event: Any, context: dict[str, Any]) -> None:
        """Hands out an event to the request for it that waits or comes next."""
        self._events.put({"event": event, "ctx": context})

    def close(self) -> None:
        """Stops serving; a runtime that waits for an event is cut off."""
        self._events.put(None)
        self._server.shutdown()
        self._server.server_close()

    def next_event(self) -> dict[str, Any] | None:
        """Waits for an event; None once the environment ends."""
        if not self._ready:
            self._ready = True
            self._reply({"status": "ready"})
        self.idle.set()
        message = self._events.get()
        self.idle.clear()
        if message is not None:
            self._current = message["ctx"]["request_id"]
        return message

    def take(self, path: str, body: bytes) -> tuple[int, dict[str, str]]:
        """Takes what the runtime posted. Returns the status and the body of the response to it."""
        posted = _POSTED.fullmatch(path)
        if not posted:
            return 404, {"errorType": "NotFound", "errorMessage": f"the Runtime API has no {path}"}
        if posted["init"] is None and posted["request"] != self._current:
            return 400, {"errorType": "InvalidRequestID", "errorMessage": "Invalid request ID"}
        try:
            content = json.loads(body or b"null")
        except ValueError:
            content = {"errorType": "Runtime.InvalidResponse", "errorMessage": "the response is not JSON"}
            self._answer({"status": "error", "payload": content})
            return 400, content
        if posted["init"]:
            self._answer({"status": "init error", "payload": content})
        elif posted["kind"] == "error":
            self._answer({"status": "error", "payload": content})
        else:
            self._answer({"status": "ok", "result": content})
        return 202, {"status": "OK"}

    def _answer(self, reply: Reply) -> None:
        self._current = ""
        self._reply(reply)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Ignores a runtime that was ended in the middle of a request."""


def _body(request: BaseHTTPRequestHandler) -> bytes:
    if request.headers.get("Transfer-Encoding", "").lower() != "chunked":
        return request.rfile.read(int(request.headers.get("Content-Length", 0)))
    parts = []
    while size := int(request.rfile.readline().partition(b";")[0], 16):
        parts.append(request.rfile.read(size))
        request.rfile.readline()
    request.rfile.readline()
    return b"".join(parts)


def _handler(api: RuntimeApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body are two writes: the second would wait for the acknowledgement of the first, 40 ms on Linux.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            """Answers `/runtime/invocation/next`."""
            if self._refused():
                return
            if self.path != f"{_VERSION}/invocation/next":
                self._send(404, b"{}", {})
                return
            message = api.next_event()
            if message is None:
                self.close_connection = True
                return
            context = message["ctx"]
            headers = {
                "Lambda-Runtime-Aws-Request-Id": context["request_id"],
                "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1000) + context["timeout_ms"]),
                "Lambda-Runtime-Invoked-Function-Arn": context["invoked_function_arn"],
            }
            self._send(200, json.dumps(message["event"]).encode(), headers)

        def do_POST(self) -> None:
            """Answers `/runtime/init/error` and `/runtime/invocation/<id>/{response,error}`."""
            if self._refused():
                return
            status, answer = api.take(self.path, _body(self))
            self._send(status, json.dumps(answer).encode(), {})

        def _refused(self) -> bool:
            """Answers web pages 403, as everywhere."""
            named = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in self.headers.items()]
            reason = why_refused(named)
            if reason:
                self.close_connection = True
                self._send(403, json.dumps({"errorMessage": reason}).encode(), {})
            return reason is not None

        def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Keeps requests out of the log."""

    return Handler
