"""A connection ends between two requests, and its client finds another server."""

from __future__ import annotations

import http.client
import socket
import time
from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from collections.abc import Callable

    from program import Server

PATH = "/v1/models/times:predict"
BODY = {"instances": [[1, 2, 3]]}


def test_rest_announces_the_end_of_an_old_connection_in_an_answer(start: Callable[..., Server]) -> None:
    with start("times", 1, "--max_connection_age_in_seconds=0") as server, requests.Session() as session:
        answers = [session.post(f"{server.url}{PATH}", json=BODY, timeout=60) for _ in range(3)]

    assert [(answer.status_code, answer.headers["Connection"]) for answer in answers] == [(200, "close")] * 3


def test_a_connection_stays_open_by_default(start: Callable[..., Server]) -> None:
    with start("times", 1) as server, requests.Session() as session:
        answers = [session.post(f"{server.url}{PATH}", json=BODY, timeout=60) for _ in range(3)]

    assert [answer.headers.get("Connection") for answer in answers] == [None] * 3


def test_no_request_of_a_channel_fails_when_its_connections_end(start: Callable[..., Server]) -> None:
    import grpc

    with (
        start("times", 1, "--max_connection_age_in_seconds=0.05") as server,
        grpc.insecure_channel(f"localhost:{server.grpc_port}") as channel,
    ):
        check = channel.unary_unary("/grpc.health.v1.Health/Check", lambda _: b"", lambda answer: answer)
        assert [check(None, timeout=60) for _ in range(500)] == [b"\x08\x01"] * 500


def test_a_connection_outlives_requests_whose_body_nobody_needs(start: Callable[..., Server]) -> None:
    refused = [
        ("POST", "/v1/models/other:predict", 404),
        ("POST", "/v1/models/times:classify", 400),
        ("PUT", PATH, 405),
        ("GET", "/v1/models/times", 200),
        ("POST", PATH, 400),
    ]
    with (
        start("times", 1) as server,
        socket.create_connection(("localhost", server.rest_port), timeout=60) as connection,
    ):
        for method, path, status in refused * 2:
            connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n".encode())
            time.sleep(0.05)  # a server that does not wait for the body has answered by now
            connection.sendall(b"{}")
            response = http.client.HTTPResponse(connection, method=method)
            response.begin()
            assert (response.status, response.headers.get("Connection")) == (status, None), path
            response.read()
