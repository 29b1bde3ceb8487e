"""A client of gRPC that does what no library allows: it sends a part of a message, or reads no answer."""

from __future__ import annotations

import socket
import struct
import threading
from typing import Self

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, END_HEADERS, ACK = 1, 4, 1
INITIAL_WINDOW_SIZE = 4
PREDICT = "/tensorflow.serving.PredictionService/Predict"


class Connection:
    """A connection of HTTP/2. A thread reads what the server sends, and counts the windows."""

    def __init__(self, port: int, *, window: int = 65_535) -> None:
        self.socket = socket.create_connection(("localhost", port), timeout=120)
        self.socket.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        self._send(SETTINGS, 0, 0, struct.pack(">HI", INITIAL_WINDOW_SIZE, window))
        self._changed = threading.Condition()
        self._window, self._initial = 65_535, 65_535
        self._windows: dict[int, int] = {}
        self._next = 1
        self.ended: dict[int, bytes] = {}
        """End of each stream that the server has ended: the last headers, or the reset."""
        self.is_closed = False
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def open(self, path: str = PREDICT, headers: tuple[tuple[str, str], ...] = ()) -> int:
        """Send the headers of a request, and return its stream."""
        stream, self._next = self._next, self._next + 2
        block = headers_block(path, headers)
        self._windows[stream] = self._initial
        self._send(HEADERS, END_HEADERS, stream, block)
        return stream

    def send(self, stream: int, data: bytes, *, end: bool = False) -> int:
        """Send data as far as the server's windows allow, and return how much was sent before it ended the stream."""
        sent = 0
        while sent < len(data) and (room := self._room(stream, len(data) - sent)):
            last = END_STREAM if end and sent + room == len(data) else 0
            self._send(DATA, last, stream, data[sent : sent + room])
            sent += room
        return sent

    def _room(self, stream: int, wanted: int) -> int:
        """Wait until the windows have room, and take it; 0 where the stream has ended."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._has_ended(stream) or min(self._window, self._windows[stream]) > 0, timeout=60
            )
            if self._has_ended(stream):
                return 0
            size = max(0, min(self._window, self._windows[stream], 16_384, wanted))
            self._window -= size
            self._windows[stream] -= size
            return size

    def _has_ended(self, stream: int) -> bool:
        return stream in self.ended or self.is_closed

    def wait(self, stream: int, seconds: float) -> bytes | None:
        """Wait until the server ends a stream, and return how."""
        with self._changed:
            self._changed.wait_for(lambda: stream in self.ended or self.is_closed, timeout=seconds)
            return self.ended.get(stream)

    def _send(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        try:
            self.socket.sendall(
                len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload
            )
        except OSError:
            self.is_closed = True

    def _read(self) -> None:
        try:
            while True:
                head = self._exactly(9)
                size, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
                stream = int.from_bytes(head[5:], "big")
                payload = self._exactly(size)
                with self._changed:
                    self._handle(kind, flags, stream, payload)
                    self._changed.notify_all()
        except (OSError, EOFError):
            with self._changed:
                self.is_closed = True
                self._changed.notify_all()

    def _handle(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == SETTINGS and not flags & ACK:
            for at in range(0, len(payload), 6):
                name, value = struct.unpack_from(">HI", payload, at)
                if name == INITIAL_WINDOW_SIZE:
                    self._windows = {stream: left + value - self._initial for stream, left in self._windows.items()}
                    self._initial = value
            self._send(SETTINGS, ACK, 0, b"")
        elif kind == PING and not flags & ACK:
            self._send(PING, ACK, 0, payload)
        elif kind == WINDOW_UPDATE:
            more = int.from_bytes(payload, "big")
            if stream == 0:
                self._window += more
            elif stream in self._windows:
                self._windows[stream] += more
        elif kind == RST_STREAM or (kind in (HEADERS, DATA) and flags & END_STREAM):
            self.ended.setdefault(stream, payload)

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise EOFError
            data += more
        return data


def headers_block(path: str, headers: tuple[tuple[str, str], ...] = ()) -> bytes:
    """Return the headers of a call. Each field is a literal without indexing, whose name is new."""
    fixed = ((":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost"))
    grpc = (("content-type", "application/grpc"), ("te", "trailers"))
    return b"".join(b"\x00" + _literal(name) + _literal(value) for name, value in (*fixed, *grpc, *headers))


def message(size: int) -> bytes:
    """Return what announces a message of so many bytes."""
    return b"\x00" + size.to_bytes(4, "big")


def _literal(text: str) -> bytes:
    data = text.encode()
    if len(data) < 127:
        return bytes([len(data)]) + data
    rest, digits = len(data) - 127, b""
    while rest >= 128:
        digits += bytes([rest % 128 + 128])
        rest //= 128
    return b"\x7f" + digits + bytes([rest]) + data
