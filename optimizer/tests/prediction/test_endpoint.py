"""Models behind endpoints, right ones and hostile ones."""

from __future__ import annotations

import functools
import json
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hostile_server import http, metadata, serving, signature
from tensorflow_optimizer.command_line.app import app
from tensorflow_optimizer.errors import BadInputError, OptimizerError, RunError
from tensorflow_optimizer.prediction import Endpoint
from tensorflow_optimizer.prediction.bounded_request import bounded_request as ask
from tensorflow_optimizer.sandbox import Sandbox
from typer.testing import CliRunner

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from hostile_server import Answer
    from tensorflow_optimizer.sandbox import Zygote

DOUBLE = signature({"x": ("DT_FLOAT", [-1, 2])}, {"y": ("DT_FLOAT", [-1, 2])})
DESCRIBED = metadata(serving_default=DOUBLE)
X = {"x": np.array([[1, 2], [3, 4]], np.float32)}


def answering(
    body: bytes, status: int = 200, *headers: str, described: bytes = DESCRIBED
) -> AbstractContextManager[str]:
    """Serve a model that answers every prediction alike."""

    def answer(connection: socket.socket, line: bytes, _: bytes) -> None:
        connection.sendall(http(described) if line.startswith(b"GET") else http(body, status, *headers))

    return serving(answer)


@pytest.fixture(autouse=True)
def _leaves_of_one_process(zygote: Zygote, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tensorflow_optimizer.sandbox.Sandbox", functools.partial(Sandbox, zygote=zygote))


@pytest.fixture
def double() -> Iterator[str]:
    """A model that answers twice its input."""

    def answer(connection: socket.socket, line: bytes, body: bytes) -> None:
        if line.startswith(b"GET"):
            assert line == b"GET /v1/models/m/metadata HTTP/1.1"
            connection.sendall(http(DESCRIBED))
            return
        assert line == b"POST /v1/models/m:predict HTTP/1.1"
        asked = json.loads(body)
        assert asked["signature_name"] == "serving_default"
        outputs = (np.array(asked["inputs"]["x"]) * 2).tolist()
        connection.sendall(http(json.dumps({"outputs": outputs}).encode()))

    with serving(answer) as address:
        yield address


def predict(*arguments: object, code: int = 0, given: bytes = b'{"instances": [[1, 2], [3, 4]]}') -> str:
    done = CliRunner().invoke(app, ["predict", *map(str, arguments)], input=given)
    assert done.exit_code == code, done.output
    return done.output


def test_the_command_asks_an_endpoint(double: str) -> None:
    rows = [json.loads(line) for line in predict(double, "-", "--json").splitlines()]
    assert [row["outputs"]["y"] for row in rows] == [[2.0, 4.0], [6.0, 8.0]]


def test_many_rows_are_asked_about_in_parts(double: str) -> None:
    given = b"x/0,x/1\n" + b"".join(b"%d,0.5\n" % number for number in range(1000))
    rows = [json.loads(line) for line in predict(double, "-", "--json", given=given).splitlines()]
    assert [row["outputs"]["y"] for row in rows] == [[2.0 * number, 1.0] for number in range(1000)]


def test_two_endpoints_are_compared(double: str) -> None:
    with answering(b'{"outputs": [[2, 4], [6, NaN]]}') as other:
        output = predict(double, "-", "--compare", other, code=3)
    assert output.splitlines()[1].split() == ["2", "[6,", "8]", "[6,", "nan]", "not", "comparable"]
    assert "1 of 2 rows differ" in output


def test_the_proxy_of_the_package_stands_for_an_address(double: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given = "stack:Digits.Url"
    monkeypatch.setenv("CDK_TENSORFLOW_ENDPOINTS", json.dumps({given: double}))
    assert predict(given, "-", "--json").count("\n") == 2
    with answering(b'{"error": "secret"}', 500) as other:
        monkeypatch.setenv("CDK_TENSORFLOW_ENDPOINTS", json.dumps({given: other}))
        refused = predict(given, "-", code=1)
    assert refused == "error: stack:Digits.Url: it answered 500, secret\n"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"<html>no", "the answer is not JSON"),
        (b"", "the answer is not JSON"),
        (b"[" * 100_000, "the answer is not JSON"),
        (b"9" * 5000, "the answer is not JSON"),
        (b"[]", 'the answer must have "outputs", and has list'),
        (b'{"predictions": [[1, 2], [3, 4]]}', "the answer must have \"outputs\", and has 'predictions'"),
        (b'{"outputs": {"y": [[1, 2], [3, 4]]}}', "the output 'y' is float32, and the answer has other values"),
        (b'{"outputs": [[1, 2], [3]]}', "the lists of the output 'y' differ in length"),
        (b'{"outputs": [["1", "2"]]}', "the output 'y' is float32, and the answer has other values"),
        (b'{"outputs": [[1, 2, 3]]}', "its output 'y' is float32[1, 3], and its signature says"),
        (b'{"outputs": 7}', "its output 'y' is float32[], and its signature says"),
        (b'{"outputs": null}', 'the answer must have "outputs"'),
    ],
    ids=lambda value: str(value)[:30],
)
def test_an_answer_that_is_none_is_refused(body: bytes, sentence: str) -> None:
    with answering(body) as address:
        endpoint = Endpoint(address, 10)
        with pytest.raises(RunError) as caught:
            endpoint.run("serving_default", X)
    assert sentence in str(caught.value)
    assert len(str(caught.value)) < 600


def test_fewer_rows_than_were_sent_are_refused() -> None:
    with answering(b'{"outputs": [[1, 2]]}') as address:
        assert "answered 1 rows of 2" in predict(address, "-", code=2)


def test_values_that_are_no_numbers_pass() -> None:
    with answering(b'{"outputs": [[NaN, Infinity], [-Infinity, 1e999]]}') as address:
        found = Endpoint(address, 10).run("serving_default", X)["y"]
    np.testing.assert_array_equal(found, [[np.nan, np.inf], [-np.inf, np.inf]])


def test_text_and_bytes_are_read() -> None:
    described = metadata(
        s=signature({"x": ("DT_STRING", [-1])}, {"y": ("DT_STRING", [-1]), "z_bytes": ("DT_STRING", [-1])})
    )
    body = json.dumps({"outputs": {"y": ["é"], "z_bytes": [{"b64": "/w=="}]}}).encode()
    with answering(body, described=described) as address:
        found = Endpoint(address, 10).run("s", {"x": np.array([b"\xff"], object)})
    assert {name: value.tolist() for name, value in found.items()} == {"y": ["é".encode()], "z_bytes": [b"\xff"]}


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    asked = threading.Event()

    def elsewhere(connection: socket.socket, _: bytes, __: bytes) -> None:
        asked.set()
        connection.sendall(http(b'{"outputs": [[1, 2], [3, 4]]}'))

    with (
        serving(elsewhere) as other,
        answering(b"", status, f"Location: {other}:predict") as address,
        pytest.raises(RunError, match=f"it answered {status}"),
    ):
        Endpoint(address, 10).run("serving_default", X)
    assert not asked.is_set()


def test_an_error_of_the_endpoint_cannot_move_the_cursor() -> None:
    body = json.dumps({"error": "\x1b]0;title\x07\x1b[2Jbad\r\n\u202eshape" + "x" * 5000}).encode()
    with answering(body, 400) as address:
        refused = predict(address, "-", code=2)
    assert "it answered 400, bad shape" in refused
    assert not set(refused.removesuffix("\n")) & set("\x1b\x07\r\n\u202e")
    assert len(refused) < 800


def endless(connection: socket.socket, _: bytes, __: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    part = b"10000\r\n" + bytes(0x10000) + b"\r\n"
    while True:
        connection.sendall(part)


def announced(connection: socket.socket, _: bytes, __: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n")
    while True:
        connection.sendall(bytes(1 << 16))


@pytest.mark.parametrize("answer", [endless, announced])
def test_an_answer_without_end_is_bounded(answer: Answer) -> None:
    with serving(answer) as address, pytest.raises(OptimizerError, match="its answer has more than 1,048,576 bytes"):
        ask("GET", address, None, seconds=60, most_bytes=1 << 20)


def silent(connection: socket.socket, _: bytes, __: bytes) -> None:
    connection.recv(1)


def drip(start: bytes, part: bytes) -> Answer:
    def answer(connection: socket.socket, _: bytes, __: bytes) -> None:
        connection.sendall(start)
        stop = threading.Event()
        while not stop.wait(0.05):
            connection.sendall(part)

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        silent,
        drip(b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n", b" "),
        drip(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
        drip(b"HTTP/1.1 200 OK\r\nX-Long: ", b"b"),
        drip(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["silent", "body", "headers", "header", "continue"],
)
def test_a_slow_answer_ends_with_the_time(answer: Answer) -> None:
    with serving(answer) as address, pytest.raises(OptimizerError, match=r"did not answer within 0\.5 seconds"):
        ask("GET", address, None, seconds=0.5)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this", "broke off"),
        (b"", "gave no whole answer"),
        (b"SSH-2.0-OpenSSH\r\n", "gave no whole answer"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n", "gave no whole answer"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "gave no whole answer"),
    ],
    ids=["short", "none", "other", "headers", "chunk"],
)
def test_what_is_no_whole_answer_is_said(answer: bytes, sentence: str) -> None:
    with (
        serving(lambda connection, *_: connection.sendall(answer)) as address,
        pytest.raises(OptimizerError, match=sentence),
    ):
        ask("GET", address, None, seconds=10)


@pytest.mark.parametrize(
    ("described", "sentence"),
    [
        (b"{}", "do not describe signatures"),
        (b"[1]", "do not describe signatures"),
        (b"no", "the answer is not JSON"),
        (metadata(), "no signature with inputs and outputs"),
        (metadata(s=signature({}, {"y": ("DT_FLOAT", [-1])})), "no signature with inputs and outputs"),
        (metadata(s={"inputs": [], "outputs": 3}), "do not describe signatures"),
        (metadata(s=signature({"x": ("DT_NONSENSE", [1])}, {"y": ("DT_FLOAT", [1])})), "do not describe signatures"),
    ],
    ids=["empty", "list", "text", "none", "no inputs", "numbers", "type"],
)
def test_metadata_that_are_none_are_refused(described: bytes, sentence: str) -> None:
    with answering(b"", described=described) as address, pytest.raises(BadInputError, match=sentence):
        Endpoint(address, 10).specs  # noqa: B018 - asks for them


def test_an_address_without_a_server_is_said() -> None:
    with serving(silent) as address:
        pass
    assert "gave no whole answer" in predict(address, "-", code=1)


@pytest.mark.parametrize(
    "address",
    [
        "http://host:8501",
        "http://host:8501/v1/models/",
        "http://user:word@host/v1/models/m",
        "http://host/v1/models/m?x=1",
        "http://host/v1/models/m:predict",
        "https:///v1/models/m",
    ],
)
def test_an_address_that_is_not_a_models_is_refused(address: str) -> None:
    with pytest.raises(BadInputError, match="must be the address of a model"):
        Endpoint(address, 1)


def test_a_key_comes_from_the_environment_and_goes_to_one_host_only(
    double: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str | None] = []

    def note(*arguments: Any, **more: Any) -> tuple[int, bytes]:
        sent.append(more["headers"].get("x-api-key"))
        return ask(*arguments, **more)

    monkeypatch.setattr("tensorflow_optimizer.prediction.endpoint.bounded_request", note)
    monkeypatch.setenv("KEY", "a key")
    predict(double, "-", "--api-key", "KEY", "--compare", f"{double}/")
    assert set(sent) == {"a key"}
    with answering(b"") as other:
        assert "behind different hosts" in predict(double, "-", "--api-key", "KEY", "--compare", other, code=2)
    for value in ("", "a\r\nb"):
        monkeypatch.setenv("KEY", value)
        assert "must name an environment variable that has the key" in predict(double, "-", "--api-key", "KEY", code=2)
    assert set(sent) == {"a key"}


def test_a_version_of_a_model_can_be_asked() -> None:
    lines: list[bytes] = []

    def answer(connection: socket.socket, line: bytes, _: bytes) -> None:
        lines.append(line)
        connection.sendall(http(DESCRIBED))

    with serving(answer) as address:
        assert list(Endpoint(f"{address}/versions/3", 10).specs) == ["serving_default"]
    assert lines == [b"GET /v1/models/m/versions/3/metadata HTTP/1.1"]
