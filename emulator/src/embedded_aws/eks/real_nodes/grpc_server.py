"""A server of gRPC on a Unix socket, for calls with one request and one answer, as kubelet makes them."""

from __future__ import annotations

import os
import socketserver
import struct
import threading
import urllib.parse
from typing import TYPE_CHECKING

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

INTERNAL, UNIMPLEMENTED = 13, 12
_PREFIX = struct.Struct(">BI")  # of a message: whether it is compressed, and its length


class CallError(Exception):
    """A call has failed."""


class GrpcServer:
    """Answers until it is closed."""

    def __init__(self, path: Path, methods: Mapping[str, Callable[[bytes], bytes]]) -> None:
        """Begins to answer.

        Args:
            path: of the socket, which must not be there yet. It may be longer than the name of a socket can be.
            methods: by their path, such as `/csi.v1.Identity/Probe`. A CallError of theirs is the caller's answer.
        """

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                connection = _Connection(methods)
                try:
                    self.request.sendall(connection.begin())
                    while data := self.request.recv(65536):
                        self.request.sendall(connection.receive(data))
                except (OSError, ProtocolError):
                    return  # the caller has gone, or speaks no HTTP/2

        self._path = path
        directory = os.open(path.parent, os.O_PATH)
        try:
            self._server = socketserver.ThreadingUnixStreamServer(f"/proc/self/fd/{directory}/{path.name}", Handler)
        finally:
            os.close(directory)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True, name="grpc").start()

    def close(self) -> None:
        """Stop answering, and remove the socket."""
        self._path.unlink(missing_ok=True)
        self._server.shutdown()
        self._server.server_close()


class _Connection:
    """One connection, as bytes that come and bytes that go."""

    def __init__(self, methods: Mapping[str, Callable[[bytes], bytes]]) -> None:
        self._methods = methods
        self._http = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self._calls: dict[int, tuple[str, bytearray]] = {}

    def begin(self) -> bytes:
        self._http.initiate_connection()
        return bytes(self._http.data_to_send())

    def receive(self, data: bytes) -> bytes:
        for event in self._http.receive_data(data):
            if isinstance(event, RequestReceived):
                self._calls[event.stream_id] = (dict(event.headers)[":path"], bytearray())
            elif isinstance(event, DataReceived):
                self._calls[event.stream_id][1].extend(event.data)
                self._http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, StreamReset):
                self._calls.pop(event.stream_id, None)
            elif isinstance(event, StreamEnded) and event.stream_id in self._calls:
                self._answer(event.stream_id, *self._calls.pop(event.stream_id))
        return bytes(self._http.data_to_send())

    def _answer(self, stream: int, path: str, body: bytearray) -> None:
        headers = [(":status", "200"), ("content-type", "application/grpc")]
        method = self._methods.get(path)
        if method is None:
            self._fail(stream, headers, UNIMPLEMENTED, f"there is no method {path}")
            return
        try:
            message = method(bytes(body[_PREFIX.size :]))
        except CallError as error:
            self._fail(stream, headers, INTERNAL, str(error))
            return
        self._http.send_headers(stream, headers)
        self._http.send_data(stream, _PREFIX.pack(0, len(message)) + message)
        self._http.send_headers(stream, [("grpc-status", "0")], end_stream=True)

    def _fail(self, stream: int, headers: list[tuple[str, str]], code: int, message: str) -> None:
        status = [("grpc-status", str(code)), ("grpc-message", urllib.parse.quote(message))]
        self._http.send_headers(stream, [*headers, *status], end_stream=True)
