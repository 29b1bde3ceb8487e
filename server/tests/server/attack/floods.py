"""Many connections of gRPC whose streams stay open: what a thread for each connection would be too slow for."""

from __future__ import annotations

import contextlib
import socket
import struct
from typing import TYPE_CHECKING

from http2 import DATA, END_HEADERS, END_STREAM, HEADERS, RST_STREAM, SETTINGS, headers_block

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
STREAMS = 100
"""Streams of a connection: as many as the server allows."""


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


@contextlib.contextmanager
def flood(port: int, sent: bytes, connections: int) -> Iterator[list[socket.socket]]:
    """Open connections, send the same on each, and read nothing."""
    with contextlib.ExitStack() as stack:
        opened = []
        for _ in range(connections):
            with contextlib.suppress(OSError):
                client = stack.enter_context(socket.create_connection(("localhost", port), timeout=60))
                client.sendall(sent)
                opened.append(client)
        yield opened


def ended(clients: list[socket.socket]) -> int:
    """Read what has come, and return how many streams the server has ended."""
    count = 0
    for client in clients:
        client.setblocking(False)
        data = b""
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while more := client.recv(1 << 20):
                data += more
        while len(data) >= 9:
            size, kind, flags = int.from_bytes(data[:3], "big"), data[3], data[4]
            # A call that is refused has one block of headers, which ends it; a reset may follow.
            count += kind == HEADERS and bool(flags & END_STREAM)
            count += kind == RST_STREAM and struct.unpack(">I", data[9:13])[0] != 0
            data = data[9 + size :]
    return count
