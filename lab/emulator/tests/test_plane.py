"""Transport of bytes between instances, load balancers and AWS."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest
from embedded_aws.host import plane as module
from embedded_aws.host.plane import Plane, Streams


@pytest.fixture
def plane() -> Plane:
    return Plane()


def listening() -> socket.socket:
    made = socket.socket()
    made.bind(("127.0.0.1", 0))
    made.listen()
    return made


def through(plane: Plane, upstream: socket.socket) -> socket.socket:
    """A connection that leads to another one."""
    port = upstream.getsockname()[1]

    async def connect() -> Streams:
        return await asyncio.open_connection("127.0.0.1", port)

    entrance = listening()
    address = entrance.getsockname()
    plane.forward(entrance, connect)
    client = socket.create_connection(address)
    client.settimeout(10)
    return client


def test_bytes_go_both_ways_and_an_end_goes_after_them(plane: Plane) -> None:
    upstream = listening()
    client = through(plane, upstream)
    server, _ = upstream.accept()
    server.settimeout(10)

    client.sendall(b"question")
    client.shutdown(socket.SHUT_WR)

    assert server.recv(100) == b"question"
    assert server.recv(100) == b""
    server.sendall(b"answer")
    assert client.recv(100) == b"answer"
    server.close()
    assert client.recv(100) == b""


def test_a_side_that_keeps_sending_alone_is_cut_off(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HALF_CLOSED", 0.1)
    upstream = listening()
    client = through(plane, upstream)
    server, _ = upstream.accept()
    server.settimeout(10)

    client.close()

    assert server.recv(100) == b""
    with pytest.raises(ConnectionError):
        until_broken(server)


def until_broken(server: socket.socket) -> None:
    for _ in range(1000):
        server.sendall(b"still here")
        time.sleep(0.01)


def test_the_connection_ends_if_nothing_listens(plane: Plane) -> None:
    nowhere = socket.socket()
    nowhere.bind(("127.0.0.1", 0))

    client = through(plane, nowhere)

    assert client.recv(1) == b""
