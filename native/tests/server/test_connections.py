"""A connection ends between two requests, and its client finds another server."""

from __future__ import annotations

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
