"""Many connections of gRPC whose streams stay open: what a thread for each connection would be too slow for."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING

from hpack import Decoder
from http2 import DATA, END_HEADERS, HEADERS, RST_STREAM, SETTINGS, headers_block

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
STREAMS = 100
"""Streams of a connection: as many as the server allows."""
REFUSED_STREAM = 7
"""HTTP/2's code of a reset stream that was not begun."""
RESOURCE_EXHAUSTED = b"8"
"""The status of gRPC for a call for which there is no room."""


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def opening(path: str, data: bytes = b"", headers: tuple[tuple[str, str], ...] = (), streams: int = STREAMS) -> bytes:
    """Return the bytes of a connection that opens streams, sends the same data on each, and ends none."""
    block = headers_block(path, headers)
    numbers = range(1, 2 * streams, 2)
    opened = b"".join(
        frame(HEADERS, END_HEADERS, number, block) + (frame(DATA, 0, number, data) if data else b"")
        for number in numbers
    )
    return PREFACE + frame(SETTINGS, 0, 0, b"") + opened


class Flooded:
    """A connection that has sent all its streams, and what the server has said of them."""

    def __init__(self, client: socket.socket) -> None:
        self._client = client
        self._unread = b""
        self._decoder = Decoder()
        self.refused = 0
        """Streams that the server has refused. Those that it has ended at their deadline were admitted."""

    def read(self) -> None:
        """Read what has come."""
        self._client.setblocking(False)
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while more := self._client.recv(1 << 20):
                self._unread += more
        at = 0
        while (start := at + 9) <= len(self._unread):
            head = self._unread[at:start]
            at = start + int.from_bytes(head[:3], "big")
            if at > len(self._unread):
                at = start - 9
                break
            self.refused += self._is_refusal(head[3], self._unread[start:at])
        self._unread = self._unread[at:]

    def _is_refusal(self, kind: int, payload: bytes) -> bool:
        if kind == RST_STREAM:
            return int.from_bytes(payload, "big") == REFUSED_STREAM
        # The decoder has to see every block of the connection: one may name a field of another.
        fields = self._decoder.decode(payload, raw=True) if kind == HEADERS else ()
        return any(tuple(field) == (b"grpc-status", RESOURCE_EXHAUSTED) for field in fields)


@contextlib.contextmanager
def flood(port: int, sent: bytes, connections: int) -> Iterator[list[Flooded]]:
    """Open connections, send the same on each, and read nothing."""
    with contextlib.ExitStack() as stack:
        opened = []
        for _ in range(connections):
            with contextlib.suppress(OSError):
                client = stack.enter_context(socket.create_connection(("localhost", port), timeout=60))
                client.sendall(sent)
                opened.append(Flooded(client))
        yield opened


def refused(clients: list[Flooded]) -> int:
    """Read what has come, and return how many streams the server has refused so far."""
    for client in clients:
        client.read()
    return sum(client.refused for client in clients)
