"""The subjects: the interpreter alone, the native program, and the Python handler behind the client of Lambda's."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from stand_in_runtime_api import CLIENT, Function

from benchmark.digits import HANDLER, images
from benchmark.running import native_program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BATCH = 32
BARE, BARE_BATCH = "bare interpreter call", f"{BATCH} bare interpreter calls"
NATIVE, PYTHON = "native program", "Python handler by awslambdaric"
DIRECT, HTTP = "direct invocation", "HTTP request"
DIRECT_BATCH, HTTP_BATCH = f"direct invocation with {BATCH} rows", f"HTTP request with {BATCH} rows"
OWN, WHOLE = "its own span", "over the local Runtime API"
MOST_MORE = {f"{NATIVE}, {DIRECT}, {OWN}": 30, f"{NATIVE}, {HTTP}, {OWN}": 45}
"""Maximum microseconds more than the bare call."""
MOST_TIMES = {f"{NATIVE}, {DIRECT_BATCH}, {OWN}": 1.2, f"{NATIVE}, {HTTP_BATCH}, {OWN}": 1.2}
"""Maximum ratio to the time of the bare calls."""
ENVIRONMENT = {
    "METRIC_NAMESPACE": "CdkTensorFlow",
    "AWS_LAMBDA_FUNCTION_NAME": "digits",
    "AWS_LAMBDA_FUNCTION_VERSION": "1",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
    # Lambda sets it, and the client polls in a thread because of it.
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
}
TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"


@contextlib.contextmanager
def subjects(model: Path) -> Iterator[dict[str, Callable[[], dict[str, float]]]]:
    """Start the two functions and give what the table compares. A call returns seconds by the name of a row.

    Raises:
        RuntimeError: a function does not see the digit that the interpreter sees.
    """
    import ai_edge_litert
    import awslambdaric

    library = Path(ai_edge_litert.__file__).parent / "libLiteRt.so"
    packages = Path(awslambdaric.__file__).parents[1]
    served = {**ENVIRONMENT, "MODEL_DIR": str(model)}
    client = [sys.executable, "-B", "-c", CLIENT, f"{HANDLER}:{packages}", "index.handler"]
    with (
        Function([native_program("bootstrap")], {**served, "LITERT_LIBRARY": str(library)}) as native,
        Function(client, {**served, "OPENBLAS_NUM_THREADS": "1"}) as python,
    ):
        rows = [row for _ in range(BATCH) for row in images()][:BATCH]
        bare = _interpreter(model, rows)
        events = _events(model, rows)
        (expected,) = bare(0).argmax(axis=1)
        compared = {BARE: _clocked(BARE, lambda: bare(0))}
        for function, name in ((native, NATIVE), (python, PYTHON)):
            for kind, event in events.items():
                if _first_digit(function.invoke(event).value) != expected:
                    raise RuntimeError(f"{name} and the interpreter disagree about the digit ({kind})")
                compared[f"{name}, {kind}"] = _invocation(function, event, f"{name}, {kind}")
        compared[BARE_BATCH] = _clocked(BARE_BATCH, lambda: [bare(row) for row in range(BATCH)])
        yield compared


def _events(model: Path, rows: list[Any]) -> dict[str, bytes]:
    name = json.loads((model / "model.json").read_text(encoding="utf-8"))["model"]
    request = {"requestContext": {"http": {"method": "POST"}}, "rawPath": f"/v1/models/{name}:predict"}
    events = {
        DIRECT: {"data": rows[0]},
        HTTP: {**request, "body": json.dumps({"instances": rows[:1]})},
        DIRECT_BATCH: {"instances": rows},
        HTTP_BATCH: {**request, "body": json.dumps({"instances": rows})},
    }
    return {kind: json.dumps(event).encode() for kind, event in events.items()}


def _clocked(name: str, work: Callable[[], object]) -> Callable[[], dict[str, float]]:
    def call() -> dict[str, float]:
        started = time.perf_counter()
        work()
        return {name: time.perf_counter() - started}

    return call


def _invocation(function: Function, event: bytes, name: str) -> Callable[[], dict[str, float]]:
    def call() -> dict[str, float]:
        logged = len(function.lines)
        started = time.perf_counter()
        posted = function.invoke(event, Lambda_Runtime_Trace_Id=TRACE)
        while len(function.lines) == logged:  # written after the answer is posted, and read by a thread
            time.sleep(0.0001)
        latency: float = json.loads(function.lines[-1])["Latency"]
        return {f"{name}, {OWN}": latency / 1000, f"{name}, {WHOLE}": posted.arrived - started}

    return call


def _first_digit(answer: Any) -> int:
    found = json.loads(answer["body"]) if "body" in answer else answer
    scores = (found.get("prediction") or found["predictions"])[0]
    return int(np.argmax(scores))


def _interpreter(model: Path, rows: list[Any]) -> Callable[[int], np.ndarray[Any, Any]]:
    """Return the least that LiteRT's own interpreter needs for one row: set, invoke, get."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(model / "model.tflite"), num_threads=1)
    interpreter.allocate_tensors()
    (given,), (wanted,) = interpreter.get_input_details(), interpreter.get_output_details()
    arrays = [np.asarray([row], given["dtype"]) for row in rows]

    def call(row: int) -> np.ndarray[Any, Any]:
        interpreter.set_tensor(given["index"], arrays[row])
        interpreter.invoke()
        output: np.ndarray[Any, Any] = interpreter.get_tensor(wanted["index"])
        return output

    return call
