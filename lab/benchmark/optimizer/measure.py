"""Measures sizes, accuracy on unseen digits, and latency, for all models in one interleaved run."""

from __future__ import annotations

import gzip
import io
import statistics
import sys
import tarfile
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.digits import REPOSITORY
from benchmark.optimizer.processor import BFLOAT16, found

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from benchmark.optimizer.rows import Row

sys.path.insert(0, str(REPOSITORY / "optimizer" / "src"))

_ROUNDS = 15
_CALLS = 100


@dataclass(frozen=True)
class _Loaded:
    """A model in its runtime, with its input set."""

    answer: Callable[[NDArray[Any]], NDArray[Any]]
    """Takes one image and returns the scores."""
    compute: Callable[[], object]
    """Computes the scores of the image that it was given. Only this is timed."""


def measure(rows: list[Row], images: NDArray[Any], labels: NDArray[Any]) -> list[dict[str, Any]]:
    """Return one record per row; losses are relative to the first row."""
    from tensorflow_optimizer.evaluation.statistics import paired_loss

    models = [_load(row, images[:1]) for row in rows]
    right = [_right(model.answer, images, labels) for model in models]
    times = _latencies(models)
    records = []
    for row, correct, milliseconds in zip(rows, right, times, strict=True):
        loss, interval = paired_loss(right[0], correct)
        timed = "bfloat16" not in row.name or BFLOAT16 in found()
        records.append(
            {
                "name": row.name,
                "madeBy": row.made_by,
                "chosen": row.chosen,
                "runtime": "LiteRT" if row.is_litert else "TensorFlow session",
                "sizeBytes": size(row.path),
                "compressedBytes": compressed(row.path),
                "accuracy": float(correct.mean()),
                "loss": loss,
                "lossInterval": list(interval),
                "medianMilliseconds": milliseconds if timed else None,
            }
        )
    return records


def size(path: Path) -> int:
    """Return the size of a file, or of all files of a directory."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)


def compressed(path: Path) -> int:
    """Return the size of `gzip -9` of the file, or of a tar of the directory."""
    if path.is_file():
        return len(gzip.compress(path.read_bytes(), 9))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=9) as archive:
        archive.add(path, arcname=".")
    return len(packed.getvalue())


def _load(row: Row, image: NDArray[Any]) -> _Loaded:
    return _litert(row.path) if row.is_litert else _session(row.path, image)


def _litert(path: Path) -> _Loaded:
    """Compute the input that the last call left in the input tensor.

    Copying the image and the scores takes the same time for all models, a fifth of a student's call.
    """
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path), num_threads=1)
    interpreter.allocate_tensors()
    [given], [result] = interpreter.get_input_details(), interpreter.get_output_details()

    def answer(image: NDArray[Any]) -> NDArray[Any]:
        interpreter.set_tensor(given["index"], _quantized(image, given))
        interpreter.invoke()
        scores: NDArray[Any] = interpreter.get_tensor(result["index"])
        return scores

    return _Loaded(answer, interpreter.invoke)


def _quantized(image: NDArray[Any], given: dict[str, Any]) -> NDArray[Any]:
    scale, zero_point = given["quantization"]
    if not scale:
        return image
    limits = np.iinfo(given["dtype"])
    quantized: NDArray[Any] = np.clip(np.round(image / scale) + zero_point, limits.min, limits.max)
    return quantized.astype(given["dtype"])


def _session(path: Path, image: NDArray[Any]) -> _Loaded:
    """Time a whole call, including the copies: a session cannot compute without them."""
    import tensorflow as tf

    options = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
    session = tf.compat.v1.Session(graph=tf.Graph(), config=options)
    with session.graph.as_default():
        meta_graph = tf.compat.v1.saved_model.load(session, ["serve"], str(path))
    signature = meta_graph.signature_def["serving_default"]
    [given], [result] = signature.inputs.values(), signature.outputs.values()
    fetch, feed = (session.graph.get_tensor_by_name(tensor.name) for tensor in (result, given))
    answer: Callable[[NDArray[Any]], NDArray[Any]] = session.make_callable(fetch, feed_list=[feed])
    return _Loaded(answer, partial(answer, image))


def _right(answer: Callable[[NDArray[Any]], NDArray[Any]], images: NDArray[Any], labels: NDArray[Any]) -> NDArray[Any]:
    answers = [int(np.argmax(answer(images[row : row + 1]))) for row in range(len(images))]
    right: NDArray[Any] = np.array(answers) == labels
    return right.astype(np.float64)


def _latencies(models: list[_Loaded]) -> list[float]:
    """Return the median milliseconds of one computation over the rounds' means, with the models taking turns."""
    taken: list[list[float]] = [[] for _ in models]
    for _ in range(_ROUNDS):
        for model, times in zip(models, taken, strict=True):
            model.compute()
            started = time.perf_counter()
            for _ in range(_CALLS):
                model.compute()
            times.append((time.perf_counter() - started) * 1000 / _CALLS)
    return [statistics.median(times) for times in taken]
