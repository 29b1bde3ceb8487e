"""The worst requests of less than a kilobyte to the example models: each takes less than a second of one processor.

    npm test -- attack
    .tools/python/bin/python -m pytest server/tests/server/attack/test_examples.py -m "slow or not slow" -s

The second prints what each request took.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from handler_models import write
from server_models import checksums
from test_unsent import KILOBYTE, MOST_SECONDS, processor_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from program import Server

EXAMPLES = Path(__file__).parents[4] / "examples"
MODELS = ("digits", "weather")
REPEATED = 1 << 20
"""Rows of a message that has one value of each input."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the directories of the example models."""
    import keras
    import tensorflow as tf

    base = tmp_path_factory.mktemp("examples")
    saved = str(tmp_path_factory.mktemp("saved"))
    network = keras.models.load_model(EXAMPLES / "weather" / "weather.keras")
    row = {column.name: tf.TensorSpec([1, 1], tf.float32, column.name) for column in network.inputs}
    network.export(saved, verbose=False, input_signature=[row])
    weather = tf.lite.TFLiteConverter.from_saved_model(saved, signature_keys=["serving_default"]).convert()
    files = {"digits": (EXAMPLES / "digits" / "model.tflite").read_bytes(), "weather": bytes(weather)}
    for name, file in files.items():
        directory = base / name / "1"
        directory.mkdir(parents=True)
        write(directory, file, model=name, version=1)
        checksums(directory)
    return base


def shapes(models: Path, name: str) -> dict[str, list[int]]:
    """Return the shape of a row of each input."""
    description = json.loads((models / name / "1" / "model.json").read_text())
    inputs = description["signatures"][description["defaultSignature"]]["inputs"]
    return {key: value["shape"][1:] for key, value in inputs.items()}


def fitting(body: Callable[[int], bytes]) -> bytes:
    """Return the body of the most rows, zipped, that is less than a kilobyte."""
    rows = 1
    while len(gzip.compress(body(2 * rows), 9)) < KILOBYTE:
        rows *= 2
    step = rows // 2
    while step:
        if len(gzip.compress(body(rows + step), 9)) < KILOBYTE:
            rows += step
        step //= 2
    return gzip.compress(body(rows), 9)


def nested(shape: list[int]) -> Any:
    return [nested(shape[1:])] * shape[0] if shape else 0


def lists(server: Server, name: str, inputs: dict[str, list[int]]) -> int:
    """Send rows of zeros as JSON, zipped."""
    values = {key: nested(shape) for key, shape in inputs.items()}
    row = json.dumps(values if len(values) > 1 else next(iter(values.values())), separators=(",", ":"))
    body = fitting(lambda rows: f'{{"instances":[{",".join([row] * rows)}]}}'.encode())
    return int(server.post(f"/v1/models/{name}:predict", body, headers={"Content-Encoding": "gzip"}).status_code)


def tensors(server: Server, name: str, inputs: dict[str, list[int]]) -> int:
    """Send rows of zeros in binary form, zipped."""
    sizes = {key: 4 * _product(shape) for key, shape in inputs.items()}

    def head(rows: int) -> bytes:
        tensors = [
            {"name": key, "shape": [rows, *shape], "datatype": "FP32", "parameters": {"binary_data_size": rows * size}}
            for (key, shape), size in zip(inputs.items(), sizes.values(), strict=True)
        ]
        return json.dumps({"inputs": tensors}).encode().ljust(KILOBYTE)

    body = fitting(lambda rows: head(rows) + bytes(rows * sum(sizes.values())))
    headers = {"Content-Encoding": "gzip", "Inference-Header-Content-Length": str(KILOBYTE)}
    return int(server.post(f"/v2/models/{name}/infer", body, headers=headers).status_code)


def repeated(server: Server, name: str, inputs: dict[str, list[int]], rows: int = REPEATED) -> int:
    """Send one value of each input, which TensorFlow repeats for all rows; return the code of gRPC."""
    import grpc
    from tensorflow_serving.apis.predict_pb2 import PredictRequest
    from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

    message = PredictRequest()
    message.model_spec.name = name
    for key, shape in inputs.items():
        tensor = message.inputs[key]
        tensor.dtype = 1
        for dimension in (rows, *shape):
            tensor.tensor_shape.dim.add().size = dimension
        tensor.float_val.append(0.0)
    assert message.ByteSize() < KILOBYTE
    with grpc.insecure_channel(f"localhost:{server.grpc_port}") as channel:
        try:
            PredictionServiceStub(channel).Predict(message, timeout=60)
        except grpc.RpcError as error:
            return int(error.code().value[0])
    return 0


def some_repeated(server: Server, name: str, inputs: dict[str, list[int]]) -> int:
    """Send as many rows as there is memory for."""
    return repeated(server, name, inputs, rows=20_000)


def _product(shape: list[int]) -> int:
    return shape[0] * _product(shape[1:]) if shape else 1


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("request_of", [lists, tensors, repeated, some_repeated])
def test_the_worst_requests_below_a_kilobyte_take_less_than_a_second(
    start: Callable[..., Server], models: Path, name: str, request_of: Callable[..., int]
) -> None:
    with start(name, 1, "--workers=1") as server:
        server.wait_until(lambda: server.says("all copies compiled"))
        before = processor_seconds(server)
        status = request_of(server, name, shapes(models, name))
        taken = processor_seconds(server) - before
        print(f"{name}, {request_of.__name__}: {taken:.2f} s of processor, {status}")
        assert taken < MOST_SECONDS
        assert server.get(f"/v1/models/{name}").status_code == 200
