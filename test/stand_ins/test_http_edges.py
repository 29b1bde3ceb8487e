"""HTTP around the stand-in's REST API: methods, paths and bodies that TensorFlow Serving's libevent takes or refuses.

No model is needed, nor TensorFlow.
"""

from __future__ import annotations

import gzip
import json
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest
from stand_in_server.errors import NotFoundError
from stand_in_server.http_server import open_rest
from stand_in_server.metrics import Metrics
from stand_in_server.rest import Api

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = "<HTML><HEAD>\n<TITLE>{0} {1}</TITLE>\n</HEAD><BODY>\n<H1>{1}</H1>\n</BODY></HTML>\n"


class Nothing:
    """Models of which none is loaded: a body that is readable gets 404, one that is not gets 400."""

    def find(self, name: str, version: int | None = None, label: str | None = None) -> Any:
        raise NotFoundError(f"no {name} {version} {label}")

    def states(self, name: str, version: int | None = None) -> list[tuple[int, str, str]]:
        if name != "café":
            raise NotFoundError(f"no {name} {version}")
        return [(1, "END", "it is broken")]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = open_rest(Api(Nothing(), Metrics(), "/metrics"), 0)  # type: ignore[arg-type]  # no request reaches a model
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def send(port: int, request: str | bytes) -> tuple[int, str, str]:
    """Send a request as it is. Return the status, the content type and the body."""
    with socket.create_connection(("127.0.0.1", port), 30) as connection:
        connection.sendall(request if isinstance(request, bytes) else request.encode("latin-1"))
        connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.decode().partition("\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])
    return int(head.split(" ")[1]), headers["Content-Type"], body


def line(port: int, method: str, path: str) -> tuple[int, str, str]:
    return send(port, f"{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")


def post(port: int, body: bytes, *headers: str) -> int:
    lines = ["POST /v1/models/none:predict HTTP/1.1", "Host: test", "Connection: close", *headers, "", ""]
    return send(port, "\r\n".join(lines).encode() + body)[0]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD"])
def test_other_methods_are_bad_requests_with_a_body_in_json(port: int, method: str) -> None:
    status, content_type, body = line(port, method, "/v1/models/none")

    assert (status, content_type) == (400, "application/json")
    assert "Malformed request" in json.loads(body)["error"]


@pytest.mark.parametrize("method", ["TRACE", "BREW"])
def test_methods_that_libevent_does_not_let_in_are_not_implemented(port: int, method: str) -> None:
    assert line(port, method, "/v1/models/none") == (501, "text/html", PAGE.format(501, "Not Implemented"))


@pytest.mark.parametrize("path", ["/", "/v1", "/v2/models/none", "/v10/models", "/metrics/"])
def test_unknown_paths_get_libevent_s_page(port: int, path: str) -> None:
    assert line(port, "GET", path) == (404, "text/html", PAGE.format(404, "Not Found"))


@pytest.mark.parametrize("path", ["/v1/models/%zz", "/v1/models/50%", "/v1/models/a|b", "/v1/models/caf\xe9"])
def test_paths_that_are_not_a_uri_are_refused_before_routing(port: int, path: str) -> None:
    assert line(port, "GET", path) == (400, "text/html", PAGE.format(400, "Bad Request"))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/models/caf%C3%A9", 200),
        ("/V1/MODELS/caf%c3%a9", 200),
        ("/v1/models/caf%C3%A9/METADATA", 200),  # The path is right in any case, and is not that of the metadata.
        ("/v1/models/caf%C3%A9/metadata", 404),
        ("/v1/models/caf%C3%A9/labels/any", 200),
        ("/v1/models/caf%C3%A9/versions/1", 200),
        ("/v1/models/caf%C3%A9/versions/001", 200),
        ("/v1/models/caf%C3%A9/versions/-1", 400),
        ("/v1/models/caf%C3%A9/versions/", 400),
        ("/v1/models/caf%C3%A9/versions/1/", 400),
        ("/v1/models/caf%C3%A9/versions/1/labels/a", 400),
        ("/v1/models/caf%C3%A9?x=1", 404),
        ("/v1/models/caf%C3%A9/metadata?x=1", 400),
        ("/v1/models", 400),
        ("/v1/models/", 400),
        ("/v1/models/metadata", 404),
        ("/v1/models/versions/1", 400),
    ],
)
def test_paths_of_a_model(port: int, path: str, status: int) -> None:
    answer = line(port, "GET", path)

    assert answer[:2] == (status, "application/json")
    if status == 200:
        assert json.loads(answer[2])["model_version_status"][0]["status"]["error_message"] == "it is broken"


def test_a_version_that_is_too_large_gets_no_body(port: int) -> None:
    assert line(port, "GET", f"/v1/models/none/versions/{2**63}") == (400, "application/json", "")
    assert line(port, "GET", f"/v1/models/none/versions/{2**63 - 1}")[0] == 404


def test_metrics_are_only_at_their_path(port: int) -> None:
    status, content_type, body = line(port, "GET", "/metrics?x=1")

    assert (status, content_type) == (400, "text/plain")
    assert "/metrics?x=1" in body
    assert line(port, "GET", "/metrics")[:2] == (200, "text/plain")


BODY = b'{"instances": [1]}'


def test_bodies_may_come_in_chunks_or_compressed(port: int) -> None:
    packed = gzip.compress(BODY)

    assert post(port, BODY, f"Content-Length: {len(BODY)}") == 404
    assert (
        post(port, b"5\r\n" + BODY[:5] + b"\r\nd;x=y\r\n" + BODY[5:] + b"\r\n0\r\n\r\n", "Transfer-Encoding: chunked")
        == 404
    )
    assert post(port, packed, f"Content-Length: {len(packed)}", "Content-Encoding: gzip") == 404


def test_bodies_that_cannot_be_read_are_empty(port: int) -> None:
    packed = gzip.compress(BODY)

    assert post(port, BODY) == 400, "no length"
    assert post(port, BODY, f"Content-Length: {len(BODY)}", "Content-Encoding: gzip") == 400
    assert post(port, packed[:-9], f"Content-Length: {len(packed) - 9}", "Content-Encoding: gzip") == 400
    assert post(port, packed, f"Content-Length: {len(packed)}") == 400, "not said to be compressed"


@pytest.mark.parametrize("verb", ["classify", "regress"])
def test_classify_and_regress_are_refused_except_for_errors_in_their_bodies(port: int, verb: str) -> None:
    def ask(body: str) -> int:
        head = [f"POST /v1/models/none:{verb} HTTP/1.1", "Host: test", "Connection: close"]
        return send(port, "\r\n".join([*head, f"Content-Length: {len(body)}", "", body]))[0]

    assert ask("{}") == 400
    assert ask('{"examples": []}') == 400
    assert ask('{"examples": [{"x": 1}]}') == 404
