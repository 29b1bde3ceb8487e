"""A server that runs, and whether it answers rightly."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Self

import numpy as np
import psutil

if TYPE_CHECKING:
    from benchmark.server.contenders import Contender
    from benchmark.server.models import Request

_NOT_READY = (404, 502, 503)
"""Statuses of servers whose workers have not loaded the model yet."""
_START_SECONDS = 120
"""Time in which a server must answer."""


class Running:
    """A started server. `milliseconds` passed until its first answer.

    Raises:
        RuntimeError: It ended, or answered wrongly.
        TimeoutError: It did not answer.
    """

    def __init__(self, contender: Contender, request: Request) -> None:
        self.contender = contender
        self.body = request.body
        self.port, self.grpc_port = _free_ports(2)
        body = self.body.read_bytes()
        started = time.perf_counter()
        self._process = subprocess.Popen(  # noqa: S603 - our own commands
            [part.format(rest=self.port, grpc=self.grpc_port) for part in contender.command],
            env={"PATH": "/usr/bin:/bin", **contender.environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            answer = self._first_answer(body)
            self.milliseconds = (time.perf_counter() - started) * 1000
            _check(contender, "REST", json.loads(answer)["predictions"][0])
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):  # it has ended
            # Find processes by their parents: workers may leave the group. A stopped process starts no further one.
            root, tree = psutil.Process(self.pid), list[psutil.Process]()
            while found := [process for process in [root, *root.children(recursive=True)] if process not in tree]:
                for process in found:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        process.suspend()
                tree += found
            for process in tree:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        self._process.wait()

    @property
    def pid(self) -> int:
        """Process ID of the program that was started."""
        return self._process.pid

    @property
    def url(self) -> str:
        """Address of its predictions."""
        return f"http://127.0.0.1:{self.port}{self.contender.path}"

    def check_grpc(self, request: Request) -> None:
        """Compare its answer over gRPC.

        Raises:
            RuntimeError: It is wrong.
        """
        import grpc
        from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

        with grpc.insecure_channel(f"127.0.0.1:{self.grpc_port}") as channel:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            message = predict_pb2.PredictRequest.FromString(request.message.read_bytes())
            [tensor] = stub.Predict(message, timeout=10).outputs.values()
        _check(self.contender, "gRPC", list(tensor.float_val))

    def _first_answer(self, body: bytes) -> bytes:
        end = time.monotonic() + _START_SECONDS
        refused = ""
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise RuntimeError(f"{self.contender.name} ended with {self._process.returncode}")
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            try:
                connection.request("POST", self.contender.path, body, {"Content-Type": "application/json"})
                response = connection.getresponse()
                answer = response.read()
            except (ConnectionError, http.client.HTTPException):
                time.sleep(0.0005)
                continue
            finally:
                connection.close()
            if response.status == 200:
                return answer
            refused = f"{self.contender.name} answered {response.status}: {answer.decode()}"
            if response.status not in _NOT_READY and b"not ready" not in answer:
                raise RuntimeError(refused)
            time.sleep(0.01)
        raise TimeoutError(refused or f"{self.contender.name} does not answer")


def _check(contender: Contender, interface: str, scores: list[float]) -> None:
    if not np.allclose(scores, contender.scores, rtol=0, atol=1e-4):
        raise RuntimeError(f"{contender.name} answers {scores} over {interface} instead of {contender.scores}")


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
