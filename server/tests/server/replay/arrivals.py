"""Requests over loopback that arrive at given times, whatever became of those before them.

The client never sleeps: to be woken takes as long as some answers. What it takes to send counts for no request.
"""

from __future__ import annotations

import select
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

PART = 1 << 16
ACCEPTED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"


class Seen(NamedTuple):
    """The requests of one round, in seconds."""

    busy: list[float]
    """Time from the request to the moment when the program has nothing more to do for it."""
    answered: list[float]
    """Time from the request to its answer."""
    duration: float


def answer_to(connection: socket.socket, request: bytes) -> bytes:
    """Send a request, or the event that a function has asked for, and return the body of what comes next."""
    connection.sendall(request)
    head, _, body = until(connection, b"\r\n\r\n").partition(b"\r\n\r\n")
    [length] = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    while len(body) < length:
        body += connection.recv(PART)
    assert b"predictions" in body, body
    return body


def ask_server(connections: Sequence[socket.socket], request: bytes, answer: bytes, arrivals: Sequence[float]) -> Seen:
    """Send a request at each of the times, over a connection that no other request has."""
    idle = {each.fileno(): each for each in connections}
    waiting: dict[int, tuple[socket.socket, float]] = {}
    received = dict.fromkeys(idle, b"")
    taken: list[float] = []
    with select.epoll() as poll:
        for number in idle:
            poll.register(number, select.EPOLLIN)
        start, sent = time.perf_counter(), 0
        while len(taken) < len(arrivals):
            if idle and sent < len(arrivals) and time.perf_counter() - start >= arrivals[sent]:
                number, connection = idle.popitem()
                connection.sendall(request)
                waiting[number] = connection, time.perf_counter()
                sent += 1
            for number, _ in poll.poll(0):
                connection, began = waiting[number]
                received[number] += connection.recv(PART)
                assert received[number].startswith(b"HTTP/1.1 200 "), received[number]
                if received[number].endswith(answer):
                    taken.append(time.perf_counter() - began)
                    received[number], idle[number] = b"", waiting.pop(number)[0]
        return Seen(taken, taken, time.perf_counter() - start)


def ask_function(connection: socket.socket, event: bytes, answer: bytes, arrivals: Sequence[float]) -> Seen:
    """Hand an event over at each of the times to a function that has asked for one, or as soon as it asks."""
    busy: list[float] = []
    answered: list[float] = []
    connection.setblocking(False)
    start = time.perf_counter()
    for arrival in arrivals:
        while time.perf_counter() - start < arrival:
            pass
        connection.sendall(event)
        handed = time.perf_counter()
        until(connection, answer)
        answered.append(time.perf_counter() - handed)
        connection.sendall(ACCEPTED)
        accepted = time.perf_counter()
        # Until it asks again, Lambda bills it, and gives it no other event.
        until(connection, b"\r\n\r\n")
        busy.append(answered[-1] + time.perf_counter() - accepted)
    return Seen(busy, answered, time.perf_counter() - start)


def until(connection: socket.socket, end: bytes) -> bytes:
    """Receive up to these bytes, and what has come with them."""
    received = b""
    while end not in received:
        try:
            part = connection.recv(PART)
        except BlockingIOError:
            continue
        assert part, f"the program closed its connection after {received!r:.500}"
        received += part
    return received
