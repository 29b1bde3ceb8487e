"""Sizes, accuracy on digits that nothing has seen, and latency, all models in one interleaved run."""

from __future__ import annotations

import gzip
import io
import statistics
import sys
import tarfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.optimizer.environment import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from benchmark.optimizer.rows import Row

sys.path.insert(0, str(REPOSITORY / "python" / "optimizer" / "src"))

_ROUNDS = 15
_CALLS = 40
#: Without these no processor multiplies bfloat16; times taken on others say nothing of those that have them.
_BFLOAT16_FLAGS = ("avx512_bf16", "amx_bf16")


def measure(rows: list[Row], images: NDArray[Any], labels: NDArray[Any]) -> list[dict[str, Any]]:
    """Return one record per row; the first row is the one that losses are counted from."""
    from tensorflow_optimizer.evaluation.statistics import paired_loss

    calls = [_call(row) for row in rows]
    right = [_right(call, images, labels) for call in calls]
    times = _latencies(calls, images[:1])
    records = []
    for row, correct, milliseconds in zip(rows, right, times, strict=True):
        loss, interval = paired_loss(right[0], correct)
        timed = "bfloat16" not in row.name or has_bfloat16()
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


def has_bfloat16() -> bool:
    """Tell whether this machine's processor computes in bfloat16."""
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    return any(flag in flags for flag in _BFLOAT16_FLAGS)


def size(path: Path) -> int:
    """Return a file's bytes, or those of all files of a directory."""
    files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    return sum(one.stat().st_size for one in files)


def compressed(path: Path) -> int:
    """Return the bytes of `gzip -9`, of the file or of a tar of the directory."""
    if path.is_file():
        return len(gzip.compress(path.read_bytes(), 9))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=9) as archive:
        archive.add(path, arcname=".")
    return len(packed.getvalue())


def load_milliseconds(models: dict[str, Path], rounds: int = 5) -> dict[str, float]:
    """Return the median time until a SavedModel is loaded into a session, the models taking turns."""
    import tensorflow as tf

    taken: dict[str, list[float]] = {name: [] for name in models}
    for number in range(-1, rounds):  # the first round warms caches and is not counted
        for name, path in models.items():
            started = time.perf_counter()
            with tf.Graph().as_default(), tf.compat.v1.Session() as session:
                tf.compat.v1.saved_model.load(session, ["serve"], str(path))
            if number >= 0:
                taken[name].append((time.perf_counter() - started) * 1000)
    return {name: statistics.median(values) for name, values in taken.items()}


def _call(row: Row) -> Callable[[NDArray[Any]], NDArray[Any]]:
    return _litert(row.path) if row.is_litert else _session(row.path)


def _litert(path: Path) -> Callable[[NDArray[Any]], NDArray[Any]]:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path), num_threads=1)
    interpreter.allocate_tensors()
    [given], [result] = interpreter.get_input_details(), interpreter.get_output_details()

    def call(image: NDArray[Any]) -> NDArray[Any]:
        interpreter.set_tensor(given["index"], _quantized(image, given))
        interpreter.invoke()
        answer: NDArray[Any] = interpreter.get_tensor(result["index"])
        return answer

    return call


def _quantized(image: NDArray[Any], given: dict[str, Any]) -> NDArray[Any]:
    scale, zero_point = given["quantization"]
    if not scale:
        return image
    limits = np.iinfo(given["dtype"])
    quantized: NDArray[Any] = np.clip(np.round(image / scale) + zero_point, limits.min, limits.max)
    return quantized.astype(given["dtype"])


def _session(path: Path) -> Callable[[NDArray[Any]], NDArray[Any]]:
    import tensorflow as tf

    options = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
    session = tf.compat.v1.Session(graph=tf.Graph(), config=options)
    with session.graph.as_default():
        meta_graph = tf.compat.v1.saved_model.load(session, ["serve"], str(path))
    signature = meta_graph.signature_def["serving_default"]
    [given], [result] = signature.inputs.values(), signature.outputs.values()
    fetch, feed = (session.graph.get_tensor_by_name(one.name) for one in (result, given))
    call: Callable[[NDArray[Any]], NDArray[Any]] = session.make_callable(fetch, feed_list=[feed])
    return call


def _right(call: Callable[[NDArray[Any]], NDArray[Any]], images: NDArray[Any], labels: NDArray[Any]) -> NDArray[Any]:
    answers = [int(np.argmax(call(images[row : row + 1]))) for row in range(len(images))]
    right: NDArray[Any] = np.array(answers) == labels
    return right.astype(np.float64)


def _latencies(calls: list[Callable[[NDArray[Any]], NDArray[Any]]], image: NDArray[Any]) -> list[float]:
    taken: list[list[float]] = [[] for _ in calls]
    for _ in range(_ROUNDS):
        for call, times in zip(calls, taken, strict=True):
            call(image)
            started = time.perf_counter()
            for _ in range(_CALLS):
                call(image)
            times.append((time.perf_counter() - started) * 1000 / _CALLS)
    return [statistics.median(times) for times in taken]
