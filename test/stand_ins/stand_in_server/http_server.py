"""HTTP as libevent speaks it for TensorFlow Serving: every answer that is not of the API, and bodies of all kinds."""

from __future__ import annotations

import http
import re
import socket
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from stand_in_server.rest import Answer

if TYPE_CHECKING:
    from stand_in_server.rest import Api

_PAGE = "<HTML><HEAD>\n<TITLE>{code} {reason}</TITLE>\n</HEAD><BODY>\n<H1>{reason}</H1>\n</BODY></HTML>\n"
_PATH_CHARACTER = r"[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2}"
_TARGET = re.compile(rf"(?:{_PATH_CHARACTER})*(?:\?(?:{_PATH_CHARACTER}|\?)*)?")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: Api

    def respond(self) -> None:
        """Answer a request of any method that TensorFlow Serving lets in."""
        body = self._body()
        if not _TARGET.fullmatch(self.path):
            self.send_error(http.HTTPStatus.BAD_REQUEST)
        elif answer := self.api.respond(self.command, self.path, body):
            self._send(answer)
        else:
            self.send_error(http.HTTPStatus.NOT_FOUND)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_PATCH = respond  # noqa: N815 - the base's names

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer with libevent's page, and end the connection."""
        page = _PAGE.format(code=int(code), reason=http.HTTPStatus(code).phrase)
        self.close_connection = True
        self._send(Answer(int(code), "text/html", page.encode()))

    def log_message(self, *_: object) -> None:
        """The server logs no requests."""

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.content)))
        if self.close_connection:
            # As libevent answers for TensorFlow Serving. A client that keeps connections would ask this one again.
            self.send_header("Connection", "close")
        self.end_headers()
        # To HEAD as well: TensorFlow Serving sends the body that other methods would get.
        self.wfile.write(answer.content)

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            body = self._chunks()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "gzip" not in self.headers.get("Content-Encoding", "") or not body:
            return body
        try:
            return zlib.decompress(body, wbits=zlib.MAX_WBITS | 16)
        except zlib.error:
            return b""

    def _chunks(self) -> bytes:
        parts = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)


class _Server(ThreadingHTTPServer):
    address_family = socket.AF_INET
    daemon_threads = True
    request_queue_size = 128


def open_rest(api: Api, port: int) -> ThreadingHTTPServer:
    """Bind the REST port. The caller serves it."""
    return _Server(("0.0.0.0", port), type("Handler", (_Handler,), {"api": api}))
