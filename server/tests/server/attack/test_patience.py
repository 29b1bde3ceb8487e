"""Clients that send or read too slowly, and too many of them."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import attacks
import pytest
from http2 import Connection, message

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from program import Server


@pytest.mark.fault
def test_a_message_has_the_deadline_of_its_headers(start: Callable[..., Server]) -> None:
    # The server's own limit would come in an hour only.
    with (
        start("times", 1, "--access_log", "--rest_api_timeout_in_ms=3600000") as server,
        Connection(server.grpc_port) as connection,
    ):
        stream = connection.open(headers=(("grpc-timeout", "500m"),))
        connection.send(stream, message(1 << 20) + b"part")
        assert connection.wait(stream, 120) is not None
        assert not connection.is_closed
        server.wait_until(lambda: '"status":"DEADLINE_EXCEEDED"' in server.output)
        server.wait_until(lambda: server.metric("model_server:request_memory_bytes") == 0)


@pytest.mark.fault
def test_probes_are_answered_beyond_the_limit_of_connections(command: list[str], models: Path, tmp_path: Path) -> None:
    from program import Server

    limited = ["bash", "-c", 'ulimit -n 64 && exec "$@"', "bash", *command]
    model = ["--model_name=times", f"--model_base_path={models / 'times'}", "--model_version=1"]
    with Server(limited, tmp_path, model) as server:
        assert server.says("the limit of open files allows fewer connections")
        with attacks.connections(server.rest_port, 100):
            for _ in range(5):
                assert attacks.probed(server.rest_port)
            refused = server.post("/v1/models/times:predict", {"instances": [[1, 2, 3]]})
            assert (refused.status_code, refused.headers["Retry-After"], refused.headers["Connection"]) == (
                503,
                "1",
                "close",
            )
        server.wait_until(
            lambda: server.post("/v1/models/times:predict", {"instances": [[1, 2, 3]]}).status_code == 200
        )


@pytest.mark.fault
def test_silent_connections_do_not_keep_others_out(start: Callable[..., Server]) -> None:
    row = {"instances": [[1, 2, 3]]}
    with (
        start("times", 1, "--max_connections=20") as server,
        attacks.connections(server.rest_port, 15) as silent,
        attacks.connections(server.rest_port, 5) as slow,
    ):
        for client in slow:
            attacks.send(client, b"POST /v1/models/times:predict HTTP/1.1\r\nHost: ")
        server.wait_until(lambda: server.post("/v1/models/times:predict", row).status_code == 503, seconds=5)
        server.wait_until(lambda: server.post("/v1/models/times:predict", row).status_code == 200, seconds=60)
        for client in (*silent, *slow):
            client.settimeout(60)
            assert client.recv(1 << 16) == b""


@pytest.mark.slow
@pytest.mark.fault
def test_an_answer_that_nobody_reads_ends_its_connection(start: Callable[..., Server]) -> None:
    body = attacks.filled(b'{"signature_name":"wide","instances":[', b"[1],", b"[1]]}", 6 * 1024)
    head = f"POST {attacks.PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    wide = attacks.field(1, attacks.field(1, b"attacked") + attacks.field(3, b"wide"))
    shape = attacks.field(2, attacks.field(2, b"\x08\x80\x08") + attacks.field(2, b"\x08\x01"))
    payload = wide + attacks.tensor(b"\x08\x01" + shape + attacks.field(5, bytes(4)))
    with (
        start("attacked", 1) as server,
        socket.create_connection(("localhost", server.rest_port)) as reader,
        Connection(server.grpc_port, window=0) as connection,
    ):
        reader.sendall(head + body)
        connection.send(connection.open(), message(len(payload)) + payload, end=True)
        server.wait_until(lambda: server.metric("model_server:request_memory_bytes") > 4 << 20)
        server.wait_until(lambda: server.metric("model_server:request_memory_bytes") == 0)
        server.wait_until(lambda: connection.is_closed)
