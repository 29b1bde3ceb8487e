"""SIGTERM: readiness turns first, then every request is answered, then the program ends with 0."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Callable

    from program import Server

PATH = "/v1/models/slow:predict"
BODY = {"instances": [[1]]}


def test_readiness_changes_first_and_requests_are_still_answered(start: Callable[..., Server]) -> None:
    import grpc

    with start("times", 1, "--drain_delay_in_seconds=60") as server:
        with grpc.insecure_channel(f"localhost:{server.grpc_port}") as channel:
            check = channel.unary_unary("/grpc.health.v1.Health/Check", lambda _: b"", lambda answer: answer)
            assert check(None, timeout=60) == b"\x08\x01"
            server.terminate()
            server.wait_until(lambda: server.get("/readyz").status_code == 503)
            server.wait_until(lambda: check(None, timeout=60) == b"\x08\x02")
        assert server.get("/v1/models/times/metadata").status_code == 503
        assert server.get("/v1/models/times").status_code == 503
        assert server.get("/livez").status_code == 200
        answer = server.post("/v1/models/times:predict", {"instances": [[1, 2, 3]]})
        assert (answer.status_code, answer.headers["Connection"]) == (200, "close")
        assert server.metric(":tensorflow:serving:request_count", status="UNAVAILABLE") == 0
        # A second signal ends the wait.
        server.terminate()
        assert server.process.wait(60) == 0


def test_running_and_queued_requests_end_before_the_program(start: Callable[..., Server]) -> None:
    with start("slow", 1, "--workers=1", "--drain_delay_in_seconds=0", "--drain_timeout_in_seconds=120") as server:
        with ThreadPoolExecutor(6) as clients:
            answers = [clients.submit(server.post, PATH, BODY) for _ in range(6)]
            # One that is not read yet would meet a closed port.
            taken, waiting = "model_server:queuing_latency_count", "model_server:queue_length"
            server.wait_until(lambda: server.metric(taken) + server.metric(waiting) >= 6)
            server.terminate()
            assert [answer.result().status_code for answer in answers] == [200] * 6
        assert server.process.wait(60) == 0
        assert server.says("ended: every request is answered")


def test_no_request_is_lost_under_load(start: Callable[..., Server]) -> None:
    """Clients that keep their connections, as a load balancer does: it stops when readiness has turned."""
    answered, failures = [], []
    with start("times", 2, "--drain_delay_in_seconds=1") as server:
        terminated = threading.Event()

        def client(number: int) -> None:
            with requests.Session() as session:
                while not terminated.is_set():
                    try:
                        answer = session.post(
                            f"{server.url}/v1/models/times:predict", json={"instances": [[number, 1, 2]]}, timeout=60
                        )
                        answered.append(answer.json() == {"predictions": [[3.0 * number, 3.0, 6.0]]})
                    except requests.RequestException as error:
                        failures.append(error)

        clients = [threading.Thread(target=client, args=(number,)) for number in range(8)]
        for thread in clients:
            thread.start()
        server.wait_until(lambda: len(answered) > 200)
        server.terminate()
        server.wait_until(lambda: requests.get(f"{server.url}/readyz", timeout=60).status_code == 503)
        time.sleep(0.3)
        terminated.set()
        for thread in clients:
            thread.join()
        assert server.process.wait(60) == 0
    assert failures == []
    assert all(answered)


def test_draining_waits_no_longer_than_allowed_for_a_connection_that_never_ends(start: Callable[..., Server]) -> None:
    flags = ["--workers=1", "--drain_delay_in_seconds=0", "--drain_timeout_in_seconds=0.1", "--queue_size=100"]
    with start("slow", 1, *flags) as server, ThreadPoolExecutor(20) as clients:
        for _ in range(20):
            clients.submit(server.post, PATH, BODY)
        server.wait_until(lambda: server.metric("model_server:queue_length") >= 15)
        server.terminate()
        assert server.process.wait(60) == 0
        assert server.says("ended: connections were still open")


@pytest.mark.parametrize("sent", [b"", b"PRI * HTTP/2.0"])
def test_draining_does_not_wait_for_a_client_of_grpc_that_does_not_begin(
    start: Callable[..., Server], sent: bytes
) -> None:
    with (
        start("times", 1, "--drain_delay_in_seconds=0", "--drain_timeout_in_seconds=120") as server,
        socket.create_connection(("localhost", server.grpc_port)) as connection,
    ):
        connection.sendall(sent)
        server.terminate()
        assert server.process.wait(60) == 0
        assert server.says("ended: every request is answered")


def test_draining_ends_the_calls_that_watch_the_health(start: Callable[..., Server]) -> None:
    import grpc

    flags = ["--drain_delay_in_seconds=0", "--drain_timeout_in_seconds=120"]
    with start("times", 1, *flags) as server, grpc.insecure_channel(f"localhost:{server.grpc_port}") as channel:
        watch = channel.unary_stream("/grpc.health.v1.Health/Watch", lambda _: b"", lambda answer: answer)
        statuses = watch(None, timeout=300)
        assert next(statuses) == b"\x08\x01"
        server.terminate()
        assert list(statuses) == [b"\x08\x02"]
        assert server.process.wait(60) == 0
        assert server.says("ended: every request is answered")


def test_drains_as_the_first_process_of_a_namespace(start: Callable[..., Server], command: list[str]) -> None:
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare of util-linux")
    isolated = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child"]
    if subprocess.run([*isolated, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine allows no namespaces")
    original = command[:]
    command[:0] = isolated
    try:
        with start("times", 1, "--drain_delay_in_seconds=0") as server:
            child = subprocess.run(
                ["pgrep", "-P", str(server.process.pid)], capture_output=True, text=True, check=True
            ).stdout.strip()
            subprocess.run(["kill", "-TERM", child], check=True)
            assert server.process.wait(60) == 0
            assert server.says("ended: every request is answered")
    finally:
        command[:] = original


@pytest.mark.fault
def test_a_kill_is_seen_by_its_clients_and_the_next_process_serves(start: Callable[..., Server]) -> None:
    with start("slow", 1, "--workers=1") as server, ThreadPoolExecutor(4) as clients:
        answers = [clients.submit(server.post, PATH, BODY) for _ in range(4)]
        server.wait_until(lambda: server.metric("model_server:queue_length") >= 2)
        server.process.kill()
        for answer in answers[1:]:
            try:
                assert answer.result().status_code == 200
            except requests.ConnectionError:
                break
        else:
            pytest.fail("no client has seen that the program was killed")
    with start("slow", 1) as server:
        assert server.post(PATH, BODY).status_code == 200
