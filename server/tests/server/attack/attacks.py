"""Attacks of unauthenticated clients on the memory of a server. Each attack ends by itself within a minute or two."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from floods import STREAMS, flood, opening, refused
from http2 import PREDICT, Connection, message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from program import Server

MIB = 1 << 20
PATH = "/v1/models/attacked:predict"
#: Bytes of a body that the server takes by default.
BODY = 63 * MIB


def post(server: Server, body: bytes, *, zipped: bool = False) -> int:
    """Send a body, and return the status of the answer, which is read; 0 where the connection ended."""
    with contextlib.closing(http.client.HTTPConnection("localhost", server.rest_port, timeout=120)) as connection:
        try:
            connection.request("POST", PATH, body, {"Content-Encoding": "gzip"} if zipped else {})
            response = connection.getresponse()
            while response.read(MIB):
                pass
        except OSError:
            return 0
        return response.status


def filled(before: bytes, part: bytes, after: bytes, size: int = BODY) -> bytes:
    """Repeat a part until a body has this size."""
    return before + part * ((size - len(before) - len(after)) // len(part)) + after


def row(count: int) -> bytes:
    return b"[" + b"0," * (count - 1) + b"0]"


#: Bodies of which each byte takes as much memory as it can.
BODIES: dict[str, bytes | Callable[[], bytes]] = {
    "zeros": lambda: filled(b"", b"\x00", b""),
    "a_wrong_last_row": lambda: filled(b'{"instances":[', b"[1,2],", b"[1,2,3]]}"),
    "lists_that_are_ignored": lambda: filled(b'{"o":[', b"[],", b'[]],"instances":[' + row(512) + b"]}"),
    "objects_that_are_ignored": lambda: filled(b'{"o":[', b"{},", b'{}],"instances":[' + row(512) + b"]}"),
    "names_that_are_ignored": lambda: (
        b'{"instances":[' + row(512) + b"]" + b"".join(b',"%x":0' % n for n in range(4_000_000)) + b"}"
    ),
    "names_of_a_row": lambda: b'{"instances":[{' + b",".join(b'"%x":0' % n for n in range(4_000_000)) + b"}]}",
    "float32": lambda: filled(b'{"instances":[', row(512) + b",", row(512) + b"]}"),
    "int64": lambda: filled(b'{"signature_name":"whole","instances":[', row(512) + b",", row(512) + b"]}"),
    "int64_wrong_at_the_end": lambda: filled(
        b'{"signature_name":"whole","instances":[', row(512) + b",", row(511) + b"]}"
    ),
    "a_signature_behind_the_values": lambda: filled(
        b'{"instances":[', row(512) + b",", row(512) + b'],"signature_name":"whole"}'
    ),
    "one_escaped_string": lambda: filled(b'{"o":"', b"\\n", b'"}'),
    "names_in_a_signature": lambda: filled(b'{"signature_name":[', b"[],", b"[]]}"),
    "wide_answers": lambda: filled(b'{"signature_name":"wide","instances":[', b"[1],", b"[1]]}", 16 * 1024),
    "too_wide_answers": lambda: filled(b'{"signature_name":"wide","instances":[', b"[1],", b"[1]]}", MIB),
}


def bodies(server: Server, name: str, *, zipped: bool = False) -> None:
    """Send a body from four clients, three times each."""
    made = BODIES[name]
    body = made() if callable(made) else made
    body = gzip.compress(body, 6) if zipped else body
    with ThreadPoolExecutor(4) as clients:
        statuses = list(clients.map(lambda _: post(server, body, zipped=zipped), range(12)))
    assert set(statuses) <= {0, 200, 400, 413, 503, 504}, statuses
    assert statuses.count(0) <= 4, statuses


def stalled_bodies(server: Server, clients: int = 60, size: int = 58 * MIB) -> None:
    """Announce large bodies, send nearly all of each, and stop."""
    head = f"POST {PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: {size + 1000}\r\n\r\n".encode()
    body = row(512) * (size // 1025)
    with connections(server.rest_port, clients) as opened, ThreadPoolExecutor(clients) as threads:
        list(threads.map(lambda client: send(client, head + body), opened))
        time.sleep(5)


def stalled_messages(server: Server, streams: int = 30, size: int = 56 * MIB) -> None:
    """Announce large messages on one connection, with a deadline, send nearly all of each, and stop."""
    with Connection(server.grpc_port) as connection, ThreadPoolExecutor(streams) as threads:
        opened = [connection.open(headers=(("grpc-timeout", "20S"),)) for _ in range(streams)]
        data = message(60 * MIB) + bytes(size)
        list(threads.map(lambda stream: connection.send(stream, data), opened))
        time.sleep(1)


def messages(server: Server, name: str, count: int = 12) -> None:
    """Send whole messages from four connections."""
    payload = MESSAGES[name]()

    def call(_: int) -> None:
        with Connection(server.grpc_port) as connection:
            stream = connection.open()
            connection.send(stream, message(len(payload)) + payload, end=True)
            connection.wait(stream, 60)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(call, range(count)))


def field(number: int, payload: bytes) -> bytes:
    """Return a field of bytes."""
    size, digits = len(payload), b""
    while size >= 128:
        digits, size = digits + bytes([size % 128 + 128]), size >> 7
    return bytes([number << 3 | 2]) + digits + bytes([size]) + payload


def tensor(payload: bytes, name: bytes = b"x") -> bytes:
    """Return an input of a request."""
    return field(2, field(1, name) + field(2, payload))


MODEL = field(1, field(1, b"attacked") + field(3, b"whole"))
#: Messages of which each byte takes as much memory as it can.
MESSAGES: dict[str, Callable[[], bytes]] = {
    "numbers_of_a_byte": lambda: MODEL + tensor(b"\x08\x09" + field(10, bytes(60 * MIB))),
    "numbers_one_by_one": lambda: MODEL + tensor(b"\x08\x09" + b"\x50\x00" * (30 * MIB)),
    "dimensions": lambda: MODEL + tensor(field(2, b"\x12\x00" * (30 * MIB))),
    "inputs": lambda: MODEL + b"".join(field(2, field(1, b"%x" % n)) for n in range(2_000_000)),
    "filters": lambda: MODEL + b"\x1a\x00" * (30 * MIB),
    "strings": lambda: MODEL + tensor(b"\x42\x00" * (30 * MIB)),
    "repeated_values": lambda: (
        MODEL
        + tensor(b"\x08\x09" + field(2, field(2, b"\x08\x80\x40") + field(2, b"\x08\x80\x04")) + field(10, b"\x00"))
    ),
    "content": lambda: MODEL + tensor(b"\x08\x09" + field(4, bytes(60 * MIB))),
}


def slow_readers(server: Server, clients: int = 40) -> None:
    """Ask for answers of some megabytes over both interfaces, and read none."""
    body = filled(b'{"signature_name":"wide","instances":[', b"[1],", b"[1]]}", 6 * 1024)
    head = f"POST {PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with connections(server.rest_port, clients) as opened, Connection(server.grpc_port, window=0) as connection:
        for client in opened:
            send(client, head + body)
        wide = field(1, field(1, b"attacked") + field(3, b"wide"))
        shape = field(2, field(2, b"\x08\x80\x08") + field(2, b"\x08\x01"))
        payload = wide + tensor(b"\x08\x01" + shape + field(5, bytes(4)))
        for _ in range(clients):
            connection.send(connection.open(), message(len(payload)) + payload, end=True)
        time.sleep(10)


def idle_connections(server: Server, clients: int = 1200) -> None:
    """Hold more connections than may be open, each with a part of its headers."""
    part = b"GET /livez HTTP/1.1\r\nHost: a\r\n" + b"A: " + b"b" * 40_000
    with connections(server.rest_port, clients) as opened:
        for client in opened:
            send(client, part)
        for _ in range(3):
            assert probed(server.rest_port), "the probe was not answered"
            time.sleep(1)


def streams(server: Server, clients: int = 50) -> None:
    """Open all streams of many connections, with large headers, and send nothing more."""
    headers = tuple((f"a{number}", "b") for number in range(200))
    with contextlib.ExitStack() as stack:
        for _ in range(clients):
            connection = stack.enter_context(Connection(server.grpc_port))
            for _ in range(100):
                connection.open(headers=headers)
        time.sleep(3)


def windows(server: Server, clients: int = 200) -> None:
    """Fill the windows of many connections at once."""
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(Connection(server.grpc_port)) for _ in range(clients)]
        begun = threading.Barrier(20)

        def fill(connection: Connection) -> None:
            with contextlib.suppress(threading.BrokenBarrierError):
                begun.wait(5)
            stream = connection.open()
            connection.send(stream, message(60 * MIB) + bytes(2 * MIB))

        with ThreadPoolExecutor(20) as threads:
            list(threads.map(fill, opened))
        time.sleep(2)


REFLECTION = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
WATCH = "/grpc.health.v1.Health/Watch"
#: Streams that stay open: what each connection sends.
FLOODS: dict[str, bytes] = {
    "reflection": opening(REFLECTION),
    "watch": opening(WATCH, message(0)),
    "begun_predictions": opening(PREDICT),
    # All streams of a connection together stay within its first window: what exceeds it ends the connection.
    "begun_messages": opening(PREDICT, message(1000) + bytes(600)),
    "large_headers": opening(PREDICT, headers=(("a", "b" * 12_000),)),
}


def floods(server: Server, name: str, clients: int = 1000) -> None:
    """Open nearly all streams of as many connections as may be open; not all of them are admitted."""
    with flood(server.grpc_port, FLOODS[name], clients) as opened:
        time.sleep(5)
        # A busy machine takes long to read 100,000 streams; the limit bounds only how late a failure is told.
        end = time.monotonic() + 300
        while (count := refused(opened)) == 0:
            assert time.monotonic() < end, "every stream was admitted"
            time.sleep(1)
        print(f"{name}: {count} of {clients * STREAMS} streams refused")


def everything(server: Server) -> None:
    """Hold bodies that have nearly arrived, connections with a part of their headers, and all kinds of streams."""
    part = b"GET /livez HTTP/1.1\r\nHost: a\r\n" + b"A: " + b"b" * 60_000
    with contextlib.ExitStack() as stack:
        for sent in FLOODS.values():
            stack.enter_context(flood(server.grpc_port, sent, 100))
        for client in stack.enter_context(connections(server.rest_port, 300)):
            send(client, part)
        stalled_bodies(server)


def probed(port: int) -> bool:
    """Ask for the liveness as a kubelet does: three times, a second each."""
    for _ in range(3):
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("localhost", port, timeout=1)
            connection.request("GET", "/livez")
            if connection.getresponse().status == 200:
                return True
    return False


@contextlib.contextmanager
def connections(port: int, count: int) -> Iterator[list[socket.socket]]:
    opened: list[socket.socket] = []
    try:
        for _ in range(count):
            with contextlib.suppress(OSError):
                opened.append(socket.create_connection(("localhost", port), timeout=60))
        yield opened
    finally:
        for client in opened:
            client.close()


def send(client: socket.socket, data: bytes) -> None:
    with contextlib.suppress(OSError):
        client.sendall(data)
