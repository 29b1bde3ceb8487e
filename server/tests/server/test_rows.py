"""Several rows in one run: of one request, and of all that have arrived; and the packed weights that copies share."""

from __future__ import annotations

import json
import re
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from program import Server

CLIENTS = 64
HISTOGRAM = "model_server:rows_per_run"


def rows(count: int, seed: int = 1) -> list[dict[str, Any]]:
    random = np.random.default_rng(seed)
    return [{"x": random.normal(size=8).astype("float32").tolist(), "ids": number % 16} for number in range(count)]


def deep_rows(count: int) -> list[list[float]]:
    found: list[list[float]] = np.random.default_rng(2).normal(size=(count, 1024)).astype("float32").tolist()
    return found


def predict(server: Server, name: str, instances: list[Any]) -> list[Any]:
    response = server.post(f"/v1/models/{name}:predict", {"instances": instances})
    assert response.status_code == 200, response.text
    predictions: list[Any] = response.json()["predictions"]
    return predictions


def runs(server: Server, name: str) -> dict[int, float]:
    """Return how many runs had at most so many rows."""
    bounds = [2**power for power in range(6)]
    return {bound: server.metric(f"{HISTOGRAM}_bucket", model_name=name, le=str(bound)) for bound in bounds}


class Burst:
    """Requests on a connection each, which have all arrived before the server runs on."""

    def __init__(self, server: Server, name: str, bodies: list[Any]) -> None:
        self._server, self._name, self._bodies = server, name, bodies
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> list[tuple[int, Any]]:
        process = self._server.process
        self._sockets = [socket.create_connection(("localhost", self._server.rest_port)) for _ in self._bodies]
        # Each is served before: what follows waits for no connection to be accepted.
        for connection in self._sockets:
            self._ask(connection, "GET", f"/v1/models/{self._name}", b"")
            self._read(connection)
        process.send_signal(signal.SIGSTOP)
        for connection, body in zip(self._sockets, self._bodies, strict=True):
            self._ask(connection, "POST", f"/v1/models/{self._name}:predict", json.dumps(body).encode())
        process.send_signal(signal.SIGCONT)
        return [self._read(connection) for connection in self._sockets]

    def __exit__(self, *_: object) -> None:
        for connection in self._sockets:
            connection.close()

    def _ask(self, connection: socket.socket, method: str, path: str, body: bytes) -> None:
        connection.sendall(
            f"{method} {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        )

    def _read(self, connection: socket.socket) -> tuple[int, Any]:
        connection.settimeout(60)
        text = b""
        while b"\r\n\r\n" not in text:
            text += connection.recv(65536)
        head, _, body = text.partition(b"\r\n\r\n")
        found = re.search(rb"content-length: (\d+)", head.lower())
        assert found, head
        while len(body) < int(found[1]):
            body += connection.recv(65536)
        return int(head.split()[1]), json.loads(body)


@pytest.fixture(scope="module")
def burst_server(command: list[str], models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give a server whose only thread reads all requests of a burst."""
    from program import Server

    flags = ["--model_name=rows", f"--model_base_path={models / 'rows'}", "--model_version=1"]
    with Server(command, tmp_path_factory.mktemp("rows"), [*flags, "--io_threads=1", "--workers=1"]) as server:
        for row in rows(40):  # until it is known that they are short
            predict(server, "rows", [row])
        yield server


def test_rows_of_a_request_are_computed_at_once_and_answered_as_alone(start: Callable[..., Server]) -> None:
    instances = deep_rows(21)
    with start("deep", 1, "--workers=1") as server:
        before = runs(server, "deep")
        together = predict(server, "deep", instances)
        counted = {bound: count - before[bound] for bound, count in runs(server, "deep").items()}
        alone = [predict(server, "deep", [row])[0] for row in instances]
        metadata = server.get("/v1/models/deep/metadata").json()["metadata"]
    # 8, 8 and 5 rows.
    assert counted == {1: 0, 2: 0, 4: 0, 8: 3, 16: 3, 32: 3}
    np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-6)
    assert metadata["batch"] == {key: {"rows": 8, "least": 2} for key in ("serving_default", "other")}


def test_a_row_that_the_model_refuses_does_so_within_many(start: Callable[..., Server]) -> None:
    with start("rows", 1) as server:
        for place in (0, 7, 19):
            instances = rows(20)
            instances[place]["ids"] = 99
            response = server.post("/v1/models/rows:predict", {"instances": instances})
            assert response.status_code == 400
            assert "cannot compute these values" in response.json()["error"]
            assert len(predict(server, "rows", rows(20))) == 20


def test_64_clients_with_a_row_each_are_computed_more_than_4_at_once(start: Callable[..., Server]) -> None:
    instances, flood = deep_rows(CLIENTS), b"[" + b"0," * 1023 + b"0]"
    with start("deep", 1, "--workers=1", "--io_threads=1") as server, ThreadPoolExecutor(1) as client:
        expected = [predict(server, "deep", [row])[0] for row in instances]
        before = runs(server, "deep")
        # The only copy is busy until all have arrived, as it is under load.
        body = b'{"instances": [' + b",".join([flood] * 1600) + b"]}"
        large = client.submit(server.post, "/v1/models/deep:predict", body)
        server.wait_until(lambda: runs(server, "deep")[8] > before[8])
        with Burst(server, "deep", [{"instances": [row]} for row in instances]) as answers:
            assert [status for status, _ in answers] == [200] * CLIENTS
        assert large.result().status_code == 200
        counted = {bound: count - before[bound] for bound, count in runs(server, "deep").items()}
    # Leave out the runs of the large request, which had 8 rows each.
    of_clients = {bound: count - (1600 / 8 if bound >= 8 else 0) for bound, count in counted.items()}
    assert of_clients[4] < of_clients[32] / 2, of_clients
    np.testing.assert_allclose([answer["predictions"][0] for _, answer in answers], expected, rtol=1e-4, atol=1e-5)


def test_a_bad_request_harms_none_that_is_computed_with_it(burst_server: Server) -> None:
    server, bodies = burst_server, [{"instances": [row]} for row in rows(24, seed=4)]
    bodies[5]["instances"][0]["ids"] = 99
    bodies[9] = {"instances": [{"x": [1.0], "ids": 0}]}
    bodies[11]["instances"] *= 3
    with Burst(server, "rows", bodies) as answers:
        statuses = [status for status, _ in answers]
    assert {number for number, status in enumerate(statuses) if status != 200} == {5, 9}
    assert "cannot compute these values" in answers[5][1]["error"]
    assert "instances[0]" in answers[9][1]["error"]
    assert [len(answer["predictions"]) for _, answer in answers[10:13]] == [1, 3, 1]
    for number in (0, 4, 6, 23):
        alone = predict(server, "rows", bodies[number]["instances"])
        np.testing.assert_allclose(answers[number][1]["predictions"], alone, rtol=1e-5, atol=1e-6)


def test_a_file_that_answers_fewer_rows_than_it_is_given_is_run_for_one_at_a_time(
    command: list[str], tmp_path: Path
) -> None:
    """LiteRT would run such a file successfully, and write past the end of its buffers."""
    import tensorflow as tf
    from handler_models import convert, write
    from native_models import changed
    from program import Server
    from server_models import checksums, set_batch

    weights = np.random.default_rng(5).normal(size=(16, 3)).astype("float32")

    def flatten(x: Any) -> dict[str, Any]:
        return {"y": tf.reshape(x, tf.stack([tf.shape(x)[0], 16])) @ weights}

    def forget_unknown_sizes(model: Any) -> None:
        for tensor in model.subgraphs[0].tensors:
            tensor.shapeSignature = None

    function = tf.function(flatten, input_signature=[tf.TensorSpec([None, 4, 4], tf.float32, name="x")])
    file = changed(convert(tmp_path / "saved", {"serving_default": function}), forget_unknown_sizes)
    directory = tmp_path / "flat" / "1"
    directory.mkdir(parents=True)
    write(directory, file, model="flat", version=1)
    set_batch(directory, rows=4, least=2)
    checksums(directory)
    instances = np.random.default_rng(6).normal(size=(6, 4, 4)).astype("float32")
    flags = ["--model_name=flat", f"--model_base_path={tmp_path / 'flat'}", "--model_version=1"]
    with Server(command, tmp_path, flags) as server:
        answer = predict(server, "flat", instances.tolist())
        assert runs(server, "flat")[1] == 6
        [warning] = [line["problem"] for line in server.log if line["level"] == "WARN"]
    np.testing.assert_allclose(answer, instances.reshape(6, 16) @ weights, rtol=1e-4, atol=1e-5)
    assert warning.startswith("rows are computed one by one from now on: ")
    assert "has the shape [1, 3] instead of [4, 3] where 4 rows are computed at once" in warning


def test_copies_share_their_packed_weights(start: Callable[..., Server]) -> None:
    instances = deep_rows(1)
    shares = {}
    with ThreadPoolExecutor(8) as clients:
        answers = []
        for copies in (1, 4):
            with start("deep", 1, f"--workers={copies}") as server:
                server.wait_until(lambda server=server: server.says("all copies compiled"))
                answers += list(clients.map(lambda _, server=server: predict(server, "deep", instances), range(32)))
                assert server.metric("model_server:compiled_copies", model_name="deep") == copies
                shares[copies] = proportional(server)
                # LiteRT says there when it cannot use what another copy has packed.
                assert [line for line in server.log if line["level"] != "INFO"] == []
    assert all(answer == answers[0] for answer in answers)
    assert shares[4] <= 1.3 * shares[1], shares


def test_the_memory_of_20_models_in_one_server_is_little_more_than_that_of_their_files(
    command: list[str], tmp_path: Path
) -> None:
    import tensorflow as tf
    from handler_models import convert, write
    from program import Server
    from server_models import checksums

    weights = np.random.default_rng(8).normal(size=(512, 512)).astype("float32")
    function = tf.function(
        lambda x: {"y": x @ weights}, input_signature=[tf.TensorSpec([1, 512], tf.float32, name="x")]
    )
    file = convert(tmp_path / "saved", {"serving_default": function})
    policy = "model_version_policy { specific { versions: 1 } }"
    configs = []
    for number in range(20):
        directory = tmp_path / f"m{number}" / "1"
        directory.mkdir(parents=True)
        write(directory, file, model=f"m{number}", version=1)
        checksums(directory)
        configs.append(f'config {{ name: "m{number}" base_path: "{directory.parent}" {policy} }}')
    (tmp_path / "models.config").write_text(f"model_config_list {{ {' '.join(configs)} }}")
    with Server(command, tmp_path, [f"--model_config_file={tmp_path / 'models.config'}", "--workers=2"]) as server:
        server.wait_until(lambda: server.says("all copies compiled"))
        for number in range(20):
            predict(server, f"m{number}", [[1.0] * 512])
        # Files that are mapped leave memory whenever it is needed: what counts is what the process keeps.
        kept = own(server)
    assert kept <= 1.5 * 20 * len(file) / 1024 + 16 * 1024, kept


def own(server: Server) -> int:
    """Return the memory in KiB that the process keeps, with the packed weights that its copies share."""
    text = Path(f"/proc/{server.process.pid}/status").read_text()
    found = re.findall(r"^(?:RssAnon|RssShmem):\s+(\d+)", text, re.MULTILINE)
    assert len(found) == 2
    return sum(map(int, found))


def proportional(server: Server) -> int:
    """Return the memory of the process in KiB, of what others have mapped too its share."""
    text = Path(f"/proc/{server.process.pid}/smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE)
    assert found
    return int(found[1])
