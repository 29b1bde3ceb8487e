"""The two artifacts of the digits CNN as model_server serves them, the request, and the right answer."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.digits import DIGITS, images, optimize

if TYPE_CHECKING:
    from pathlib import Path

OPTIMIZED, FLOAT32 = "optimized", "float32"


@dataclass(frozen=True)
class Artifact:
    """One .tflite file with its description, as version 1 of the model `digits`."""

    kind: str
    candidate: str
    base: Path
    scores: list[float]
    """The answer of LiteRT's own interpreter to the request."""

    @property
    def file(self) -> Path:
        """The .tflite file."""
        return self.base / "1" / "model.tflite"


@dataclass(frozen=True)
class Request:
    """The image of every request, for REST and for gRPC."""

    body: Path
    message: Path
    """A PredictRequest as TensorFlow's clients write it: the image in `tensor_content`."""


def artifacts(root: Path) -> list[Artifact]:
    """Make them from the SavedModel, by the default recipe and by `none()`."""
    rows = images()[:1]
    return [artifact(root / OPTIMIZED, rows), artifact(root / FLOAT32, rows, {"kind": "none"})]


def request(root: Path) -> Request:
    """Write the request for both interfaces."""
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2

    body = root / "body.json"
    body.write_text(json.dumps({"instances": images()[:1]}), encoding="utf-8")
    image = np.asarray(images()[:1], np.float32)
    wanted = predict_pb2.PredictRequest()
    wanted.model_spec.name = "digits"
    wanted.inputs["image"].CopyFrom(tf.make_tensor_proto(image))
    message = root / "request.bin"
    message.write_bytes(wanted.SerializeToString())
    return Request(body, message)


def artifact(root: Path, rows: Any, recipe: dict[str, Any] | None = None, trained: Path = DIGITS) -> Artifact:
    """Make one into a new directory, whose name is its kind.

    Args:
        root: The directory.
        rows: One row of input, whose answer is computed.
        recipe: See `optimize`.
        trained: See `optimize`.
    """
    root.mkdir()
    model, candidate = optimize(root, recipe, trained)
    base = root / "models"
    shutil.copytree(model, base / "1")
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in sorted(model.iterdir())]
    (base / "1" / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")
    return Artifact(root.name, candidate, base, _scores(model / "model.tflite", rows))


def _scores(file: Path, rows: Any) -> list[float]:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(file), num_threads=1)
    interpreter.allocate_tensors()
    [given], [wanted] = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.set_tensor(given["index"], np.asarray(rows, np.float32))
    interpreter.invoke()
    scores: list[float] = interpreter.get_tensor(wanted["index"])[0].tolist()
    return scores
