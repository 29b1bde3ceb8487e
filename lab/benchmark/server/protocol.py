"""The Open Inference Protocol, one connection: JSON beside predict, an image in binary form beside the bare call."""

from __future__ import annotations

import http.client
import json
import statistics
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.running import processor_seconds
from benchmark.server.bare import processor_time
from benchmark.server.contenders import model_server
from benchmark.server.models import Request, artifact
from benchmark.server.started import Running

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmark.server.contenders import Contender
    from benchmark.server.models import Artifact

SHAPE = (224, 224, 3)
_UNCOUNTED = 2
_REQUESTS = 100
"""Requests of one kind in a row: the first of them finds the caches full of something else."""
_BARE_SECONDS = 0.05


def protocol(digits: Contender, sent: Request, root: Path, *, rounds: int) -> dict[str, Any]:
    """Measure the requests in turn, and return medians over the rounds.

    Args:
        digits: The server with the digits.
        sent: The request of the digits.
        root: Directory for the model of images.
        rounds: Number of rounds that count.
    """
    image = np.random.default_rng(1).random((1, *SHAPE), np.float32)
    model = _model(root, image)
    body = root / "image.json"
    body.write_text(json.dumps({"instances": image.tolist()}), encoding="utf-8")
    with Running(digits, sent) as server:
        predict, infer = _json(server, np.asarray(json.loads(sent.body.read_bytes())["instances"]))
        times = _rounds(rounds, lambda: (_microseconds(server, predict), _microseconds(server, infer)))
    with Running(model_server(model, "image"), Request(body, sent.message)) as server:
        binary = _binary(server, image)
        images = _rounds(rounds, lambda: (_microseconds(server, binary), processor_time(model.file, _BARE_SECONDS, 1)))
    return {
        "rounds": rounds,
        "timesPredict": statistics.median(infer / predict for predict, infer in times),
        "imageMicroseconds": statistics.median(image for image, _ in images),
        "bareMicroseconds": statistics.median(bare for _, bare in images),
    }


def _rounds(count: int, measure: Callable[[], tuple[float, float]]) -> list[tuple[float, float]]:
    return [measure() for _ in range(_UNCOUNTED + count)][_UNCOUNTED:]


def _model(root: Path, image: np.ndarray[Any, Any]) -> Artifact:
    """Make a model that computes little, so that the request is what costs."""
    import keras

    trained = root / "images"
    given = keras.Input(SHAPE, name="image")
    scores = keras.layers.Dense(10)(keras.layers.GlobalAveragePooling2D()(given))
    keras.Model(given, scores).export(str(trained / "saved_model"), verbose=False)
    np.savez(trained / "evaluation.npz", image=np.repeat(image, 8, axis=0))
    return artifact(root / "image", image, {"kind": "none"}, trained)


def _json(server: Running, rows: np.ndarray[Any, Any]) -> tuple[Callable[[], None], Callable[[], None]]:
    """Return a predict request, and the same of the protocol."""
    path = f"/v2/models/{server.contender.model}"
    [given] = json.loads(_get(server, path))["inputs"]
    tensor = {"name": given["name"], "shape": rows.shape, "datatype": given["datatype"], "data": rows.ravel().tolist()}
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    predict, infer = server.body.read_bytes(), json.dumps({"inputs": [tensor]}).encode()
    return (
        lambda: _ask(connection, server.contender.path, predict),
        lambda: _ask(connection, f"{path}/infer", infer),
    )


def _binary(server: Running, image: np.ndarray[Any, Any]) -> Callable[[], None]:
    """Return a request with the image behind the JSON, for an answer of the same form."""
    path = f"/v2/models/{server.contender.model}"
    [given] = json.loads(_get(server, path))["inputs"]
    tensor = {"name": given["name"], "shape": image.shape, "datatype": given["datatype"]}
    tensor["parameters"] = {"binary_data_size": image.nbytes}
    head = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
    length = {"Inference-Header-Content-Length": str(len(head))}
    body = head + image.tobytes()
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    return lambda: _ask(connection, f"{path}/infer", body, length)


def _get(server: Running, path: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", path)
    return connection.getresponse().read()


def _ask(connection: http.client.HTTPConnection, path: str, body: bytes, headers: dict[str, str] | None = None) -> None:
    connection.request("POST", path, body, headers or {})
    response = connection.getresponse()
    answer = response.read()
    if response.status != http.HTTPStatus.OK:
        raise RuntimeError(f"{path} answered {response.status}: {answer.decode(errors='replace')}")


def _microseconds(server: Running, ask: Callable[[], None]) -> float:
    """Return the processor time of a request, the mean of a block."""
    before = processor_seconds(server.pid)
    for _ in range(_REQUESTS):
        ask()
    return (processor_seconds(server.pid) - before) / _REQUESTS * 1e6
