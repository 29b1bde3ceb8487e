"""The native program behind each of its fronts, asked by requests whose answers are known."""

from __future__ import annotations

import hashlib
import http.client
import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from native_programs import LIBRARY, built
from program import Server
from server_models import checksums
from stand_in_runtime_api import Function
from test_native_contract import CASES, OTHER_PROTOCOL
from zoo import NAME

if TYPE_CHECKING:
    import random
    import subprocess
    from collections.abc import Callable, Iterator, Sequence

#: Number of clients of the server at the same time.
CLIENTS = 4


@dataclass(frozen=True)
class Exchange:
    """A request, and the answer to it."""

    method: str
    path: str
    body: str | None
    status: int
    answer: Any
    """Answer; None: a sentence where it is refused, otherwise not compared."""


def event_of(method: str, path: str, body: str | None) -> dict[str, Any]:
    """Return the event of a function URL."""
    return {"rawPath": path, "requestContext": {"http": {"method": method}}, "body": body}


def contract() -> Iterator[Exchange]:
    """Yield the contract's cases that every front answers alike."""
    for case in CASES:
        if "tensorflowServing" in case or case["method"] == "HEAD" or case["path"].startswith(OTHER_PROTOCOL):
            continue
        answer = json.loads(case["answer"]) if "answer" in case else None
        yield Exchange(case["method"], case["path"], case.get("body"), case["status"], answer)


def alike(found: Any, expected: Any) -> bool:
    """Equality, of floats as float32."""
    if type(found) is type(expected) is list and found == expected and json.dumps(found) == json.dumps(expected):
        return True  # mostly, and much sooner
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(alike(found[key], expected[key]) for key in expected)
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(alike, found, expected))
    if isinstance(expected, float):
        largest = float(np.finfo(np.float32).max)
        # The interpreter of LiteRT's Python package makes the largest float32 of an infinite sum.
        if abs(expected) == largest and found == np.copysign(np.inf, expected):
            return True
        with np.errstate(over="ignore"):
            close = np.isclose(np.float32(found), np.float32(expected), rtol=1e-5, atol=1e-6, equal_nan=True)
        return isinstance(found, float) and bool(close)
    return type(found) is type(expected) and found == expected


def is_answer(exchange: Exchange, status: int, body: bytes | str) -> bool:
    """Compare an answer with the one expected."""
    if status != exchange.status:
        return False
    answer = json.loads(body)
    if exchange.answer is not None or status < 400:
        return exchange.answer is None or alike(answer, exchange.answer)
    return isinstance(answer["error"], str) and "\n" not in answer["error"] and 0 < len(answer["error"]) < 4000


class LambdaFront:
    """The program as a function."""

    clients = 1

    def __init__(self, model: Path, prefix: Sequence[str] = ()) -> None:
        environment = {"MODEL_DIR": str(model), "LITERT_LIBRARY": LIBRARY}
        self._function = Function([*prefix, built("bootstrap", "model_server")], environment)

    @property
    def process(self) -> subprocess.Popen[str]:
        """The program."""
        return self._function.process

    def ask(self, exchange: Exchange) -> tuple[int, str]:
        """Send a request as an event."""
        value = self._function.invoke(event_of(exchange.method, exchange.path, exchange.body)).value
        return value["statusCode"], value["body"]

    def close(self) -> None:
        """End the program."""
        self._function.close()


class ServerFront:
    """The program as a server, with its connections kept."""

    clients = CLIENTS

    def __init__(self, model: Path, work: Path, prefix: Sequence[str] = ()) -> None:
        checksums(model)
        digest = hashlib.sha256(Path(LIBRARY).read_bytes()).hexdigest()
        command = [
            *prefix,
            str(built("model_server")),
            f"--litert_library={LIBRARY}",
            f"--litert_library_sha256={digest}",
        ]
        flags = [f"--model_name={NAME}", f"--model_base_path={model.parent}", f"--model_version={model.name}"]
        self._server = Server(command, work, flags).__enter__()
        self._kept = threading.local()

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The program."""
        return self._server.process

    def ask(self, exchange: Exchange) -> tuple[int, bytes]:
        """Send a request over HTTP."""
        if not hasattr(self._kept, "connection"):
            self._kept.connection = http.client.HTTPConnection("localhost", self._server.rest_port, timeout=120)
        connection = self._kept.connection
        body = None if exchange.body is None else exchange.body.encode()
        connection.request(exchange.method, exchange.path, body)
        response = connection.getresponse()
        return response.status, response.read()

    def channel(self) -> Any:
        """Open a connection for gRPC."""
        import grpc

        return grpc.insecure_channel(f"localhost:{self._server.grpc_port}")

    def close(self) -> None:
        """End the program."""
        self._server.stop()


def grpc_check(front: ServerFront) -> Callable[[random.Random], bool]:
    """Return a function that sends a message, right or wrong, and compares the answer."""
    import grpc
    from tensorflow import make_tensor_proto
    from tensorflow_serving.apis.predict_pb2 import PredictRequest
    from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

    stub = PredictionServiceStub(front.channel())

    def check(source: random.Random) -> bool:
        message = PredictRequest()
        message.model_spec.name, message.model_spec.signature_name = NAME, "two"
        rows = source.randint(1, 4)
        a = np.array([[source.randint(-99, 99) / 4, source.randint(-99, 99) / 4] for _ in range(rows)], np.float32)
        b = np.array([source.randint(-99, 99) for _ in range(rows)], np.int32)
        message.inputs["a"].CopyFrom(make_tensor_proto(a))
        is_wrong = source.random() < 0.2
        message.inputs["b"].CopyFrom(make_tensor_proto(b.astype(np.int64) if is_wrong else b))
        try:
            response = stub.Predict(message, timeout=120)
        except grpc.RpcError as error:
            return is_wrong and error.code() is grpc.StatusCode.INVALID_ARGUMENT
        found = [list(response.outputs["p"].float_val), list(response.outputs["q"].int_val)]
        return not is_wrong and found == [(a.sum(axis=1) + b).tolist(), (b * 2).tolist()]

    return check
