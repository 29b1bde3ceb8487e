"""Preflight requests and answers of the server for web pages of other origins."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from program import Server

PAGE = "https://www.example.com"
PREDICT = "/v1/models/times:predict"
INFER = "/v2/models/times/infer"
FLAGS = (
    f"--cors_allow_origins=http://localhost:3000,{PAGE}",
    "--cors_allow_headers=content-type,x-request-id",
    "--cors_max_age_in_seconds=600",
)


@pytest.fixture
def server(start: Callable[..., Server]) -> Iterator[Server]:
    with start("times", 1, *FLAGS) as server:
        yield server


def ask(server: Server, method: str, path: str, **headers: str) -> requests.Response:
    body = b'{"instances": [[1, 2, 3]]}' if method == "POST" else None
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.request(method, server.url + path, data=body, headers=names, timeout=30)


def preflight(server: Server, path: str, origin: str = PAGE) -> requests.Response:
    asked = {"Access_Control_Request_Method": "POST", "Access_Control_Request_Headers": "content-type"}
    return ask(server, "OPTIONS", path, Origin=origin, **asked)


def permission(answer: requests.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.headers.items() if name.lower().startswith("access-control")}


def varies(answer: requests.Response) -> list[str]:
    return sorted(name.strip() for name in answer.headers.get("Vary", "").split(",") if name)


def counts(server: Server) -> list[str]:
    lines = server.get("/monitoring/prometheus/metrics").text.splitlines()
    return [line for line in lines if "request_count{" in line]


def raw(server: Server, request: bytes) -> bytes:
    with socket.create_connection(("localhost", server.rest_port), timeout=30) as connection:
        connection.sendall(request)
        received = b""
        while part := connection.recv(65536):
            received += part
        return received


@pytest.mark.parametrize("path", [PREDICT, INFER, "/v1/models/other:predict"])
def test_a_preflight_is_answered_without_the_model(server: Server, path: str) -> None:
    counted = counts(server)
    answer = preflight(server, path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert permission(answer) == {
        "access-control-allow-origin": PAGE,
        "access-control-allow-methods": "GET, POST",
        "access-control-allow-headers": "content-type, x-request-id",
        "access-control-max-age": "600",
        "access-control-expose-headers": "inference-header-content-length, retry-after, x-request-id",
    }
    assert varies(answer) == ["access-control-request-headers", "access-control-request-method", "origin"]
    assert counts(server) == counted


@pytest.mark.parametrize(
    "origin", ["https://other.example", "null", f"{PAGE}.evil.example", f"{PAGE}/", "*", PAGE * 300]
)
def test_another_origin_gets_no_permission(server: Server, origin: str) -> None:
    refused = preflight(server, PREDICT, origin)
    assert (refused.status_code, permission(refused)) == (403, {})
    assert "--cors_allow_origins" in refused.json()["error"]
    answer = ask(server, "POST", PREDICT, Origin=origin)
    assert (answer.status_code, permission(answer), varies(answer)) == (200, {}, ["origin"])


def test_a_page_reads_answers_and_errors(server: Server) -> None:
    for method, path, status in [
        ("POST", PREDICT, 200),
        ("GET", "/v1/models/times/metadata", 200),
        ("GET", "/v2/models/times", 200),
        ("POST", "/v1/models/other:predict", 404),
        ("POST", INFER, 400),
        ("GET", PREDICT, 405),
        ("GET", "/elsewhere", 404),
        ("OPTIONS", PREDICT, 405),
    ]:
        answer = ask(server, method, path, Origin=PAGE)
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (status, PAGE), path
        assert varies(answer) == ["origin"]


def test_no_page_reads_the_metrics(server: Server) -> None:
    metrics = ask(server, "GET", "/monitoring/prometheus/metrics", Origin=PAGE)
    assert (metrics.status_code, permission(metrics)) == (200, {})
    assert permission(preflight(server, "/monitoring/prometheus/metrics")) == {}


def test_clients_that_are_no_pages_are_answered_as_before(server: Server) -> None:
    answer = ask(server, "POST", PREDICT)
    assert (answer.status_code, answer.json(), permission(answer)) == (200, {"predictions": [[2.0, 4.0, 6.0]]}, {})


def test_every_origin_where_the_flag_says_so(start: Callable[..., Server]) -> None:
    with start("times", 1, "--cors_allow_origins=*") as server:
        answer = preflight(server, PREDICT, "https://any.example")
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Access-Control-Allow-Headers"] == "content-type"
        assert answer.headers["Access-Control-Max-Age"] == "5"
        assert varies(ask(server, "POST", PREDICT, Origin="null")) == []


def test_no_page_has_permission_by_default(start: Callable[..., Server]) -> None:
    with start("times", 1) as server:
        answers = [preflight(server, PREDICT), ask(server, "POST", PREDICT, Origin=PAGE)]
        assert [answer.status_code for answer in answers] == [405, 200]
        assert [(permission(answer), varies(answer)) for answer in answers] == [({}, [])] * 2


@pytest.mark.parametrize(
    "hostile",
    [
        b"Origin: https://www.example.com\r\nOrigin: https://www.example.com\r\n",
        b"Origin: https://www.example.com\rX-Evil: 1\r\n",
        b"Origin: https://www.example.com\r\n X-Evil: 1\r\n",
        b"Origin: https://www.example.com\0\r\n",
        b"Origin: \xff\xfe\r\n",
        b"Origin: " + b"a" * 4000 + b"\r\n",
        b"Origin: https://a\r\nAccess-Control-Request-Headers: " + b"x-evil," * 500 + b"\r\n",
        b"Origin: https://a\r\n" + b"".join(b"X-%d: 1\r\n" % number for number in range(500)),
    ],
)
def test_hostile_headers_get_no_permission_and_are_not_repeated(server: Server, hostile: bytes) -> None:
    head = b"OPTIONS /v1/models/times:predict HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
    answer = raw(server, head + b"Access-Control-Request-Method: POST\r\n" + hostile + b"\r\n")
    status = int(answer.split(b" ", 2)[1])
    assert 400 <= status < 500
    assert b"access-control-allow" not in answer.lower()
    assert b"evil" not in answer.lower()
    assert preflight(server, PREDICT).status_code == 204


def test_headers_that_a_page_asks_for_are_not_repeated(server: Server) -> None:
    asked = {"Access_Control_Request_Method": "DELETE", "Access_Control_Request_Headers": "x-evil"}
    answer = ask(server, "OPTIONS", PREDICT, Origin=PAGE, **asked)
    assert "evil" not in str(answer.headers)
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, POST"


def test_a_page_reads_why_its_connection_is_one_too_many(start: Callable[..., Server]) -> None:
    with start("times", 1, *FLAGS, "--max_connections=1") as server, requests.Session() as first:
        assert first.get(f"{server.url}/readyz", timeout=30).status_code == 200
        answers = [preflight(server, PREDICT), ask(server, "POST", PREDICT, Origin=PAGE)]
        assert [answer.status_code for answer in answers] == [204, 503]
        assert [answer.headers["Access-Control-Allow-Origin"] for answer in answers] == [PAGE] * 2
