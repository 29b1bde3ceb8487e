"""The servers that are compared, how they start, and whether they answer rightly."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from benchmark.digits import DIGITS
from benchmark.running import native_program

if TYPE_CHECKING:
    from benchmark.server.models import Artifact, Request

MODEL_SERVER, FASTAPI_LITERT, FASTAPI_TENSORFLOW = "model_server", "FastAPI with LiteRT", "FastAPI with TensorFlow"
WORKERS = os.cpu_count() or 1
PATH = "/v1/models/digits:predict"
_APPS = Path(__file__).resolve().parent / "apps"


@dataclass(frozen=True)
class Contender:
    """A server with one model."""

    server: str
    artifact: str
    command: list[str]
    """`{rest}` and `{grpc}` stand for the ports."""
    scores: list[float]
    """What it must answer to the request."""
    environment: dict[str, str] = field(default_factory=dict)
    has_grpc: bool = False

    @property
    def name(self) -> str:
        """Name in the tables."""
        return f"{self.server}, {self.artifact}"


class Running:
    """A started server, in a process group of its own. `milliseconds` passed until its first answer."""

    def __init__(self, contender: Contender, request: Request) -> None:
        self.contender = contender
        self.port, self.grpc_port = _free_port(), _free_port()
        command = [part.format(rest=self.port, grpc=self.grpc_port) for part in contender.command]
        body = request.body.read_bytes()
        started = time.perf_counter()
        self._process = subprocess.Popen(  # noqa: S603 - our own commands
            command,
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
        with contextlib.suppress(ProcessLookupError):  # it has ended
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()

    @property
    def pid(self) -> int:
        """Of the process that was started."""
        return self._process.pid

    @property
    def url(self) -> str:
        """Where it predicts."""
        return f"http://127.0.0.1:{self.port}{PATH}"

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
        end = time.monotonic() + 120
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise RuntimeError(f"{self.contender.name} ended with {self._process.returncode}")
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            try:
                connection.request("POST", PATH, body, {"Content-Type": "application/json"})
                response = connection.getresponse()
                answer = response.read()
            except ConnectionError:
                time.sleep(0.0005)
                continue
            finally:
                connection.close()
            if response.status != 200:
                raise RuntimeError(f"{self.contender.name} answered {response.status}: {answer.decode()}")
            return answer
        raise TimeoutError(f"{self.contender.name} does not answer")


def contenders(artifacts: list[Artifact], packages: Path) -> list[Contender]:
    """Return every server with every artifact, and TensorFlow with the SavedModel, one worker a processor each."""
    found = [_model_server(artifact) for artifact in artifacts]
    for artifact in artifacts:
        command, environment = _fastapi("fastapi_litert", artifact.file, packages)
        found.append(Contender(FASTAPI_LITERT, artifact.kind, command, artifact.scores, environment))
    command, environment = _fastapi("fastapi_tensorflow", DIGITS / "saved_model", packages)
    scores = artifacts[-1].scores  # of float32
    return [*found, Contender(FASTAPI_TENSORFLOW, "SavedModel", command, scores, environment)]


def _model_server(artifact: Artifact) -> Contender:
    import ai_edge_litert

    program = native_program("model_server")
    library = Path(ai_edge_litert.__file__).parent / "libLiteRt.so"
    digest = hashlib.sha256(library.read_bytes()).hexdigest()
    command = [
        *(str(program), "--address=127.0.0.1", "--rest_api_port={rest}", "--port={grpc}", f"--workers={WORKERS}"),
        *("--model_name=digits", f"--model_base_path={artifact.base}", "--model_version=1"),
        *(f"--litert_library={library}", f"--litert_library_sha256={digest}"),
    ]
    return Contender(MODEL_SERVER, artifact.kind, command, artifact.scores, has_grpc=True)


def _fastapi(app: str, model: Path, packages: Path) -> tuple[list[str], dict[str, str]]:
    command = [
        *(sys.executable, "-m", "uvicorn", f"{app}:app", "--app-dir", str(_APPS), "--workers", str(WORKERS)),
        *("--host", "127.0.0.1", "--port", "{rest}", "--loop", "uvloop", "--http", "httptools"),
        *("--no-access-log", "--log-level", "warning"),
    ]
    return command, {"PYTHONPATH": str(packages), "MODEL": str(model), "TF_CPP_MIN_LOG_LEVEL": "3"}


def _check(contender: Contender, interface: str, scores: list[float]) -> None:
    if not np.allclose(scores, contender.scores, rtol=0, atol=1e-4):
        raise RuntimeError(f"{contender.name} answers {scores} over {interface} instead of {contender.scores}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
