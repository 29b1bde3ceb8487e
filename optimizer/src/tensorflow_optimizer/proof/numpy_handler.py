"""Measures the Python handler with NumPy in a sandbox, from outside."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import OptimizerError
from ..processes.plain_text import one_line
from .native_leaf import byte_strings
from .native_program import Measured, RefusedError
from .program_process import ProgramProcess
from .serving_times import ServingTimes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..documents.manifest import ModelDescription
    from ..sandbox import Answer, Leaf, Sandbox
    from .native_program import Request

#: Path of the handler's package, if it is neither next to the optimizer nor in the repository.
HANDLER_VARIABLE = "TENSORFLOW_OPTIMIZER_HANDLER"
_PACKAGE = "model_server"
_TASK = "tensorflow_optimizer.proof.handler_leaf:drive"
_TIMEOUT_SECONDS = 300.0
_REFUSAL_LIMIT = 500
_ANSWER_BYTES = 1 << 30
_ROUNDS = 2
_WARM_RUNS, _WARM_SECONDS = 20, 3.0


def handler_directory() -> Path:
    """Return the directory of the function's package.

    Raises:
        OptimizerError: It does not exist.
    """
    here = Path(__file__).resolve()
    stated = os.environ.get(HANDLER_VARIABLE)
    # Look in an installed package, and in the repository's layout, which a build has too.
    places = (
        [Path(stated)] if stated else [here.parents[1] / "handler", here.parents[4] / "runtime" / "handler" / "src"]
    )
    for place in places:
        if (place / _PACKAGE / "__init__.py").is_file():
            return place
    raise OptimizerError(
        f"the function's package {_PACKAGE} is in none of {', '.join(map(str, places))}; set {HANDLER_VARIABLE} to the "
        "directory that holds it"
    )


def measure_handler(
    sandbox: Sandbox, content: bytes, description: ModelDescription, requests: Sequence[Request]
) -> Measured:
    """Answer all requests twice in one process.

    Args:
        sandbox: Where the handler runs.
        content: The .tflite file.
        description: The model's description.
        requests: The requests; the first one is timed.

    Raises:
        RefusedError: The handler cannot load the model, failed, ended or took too long.
        OptimizerError: The handler's package is missing.
    """
    handler = handler_directory()
    with sandbox.leaf(_TASK, read=[handler]) as leaf:
        asked = {"handler": str(handler), "description": description.to_json()}
        _answer_of(leaf, asked, {"model": np.frombuffer(content, np.uint8)})
        # Python itself and the package start before the clock does.
        _ask(leaf, {})
        started = time.perf_counter()
        _ask(leaf, {"load": True})
        load = (time.perf_counter() - started) * 1000.0
        _ask(leaf, {"predict": requests[0]})
        peak = ProgramProcess(leaf.process).peak_mebibytes()
        # Send the sequence twice: a runtime that keeps state between calls answers differently.
        answers = [[_outputs(_ask(leaf, {"predict": request})) for request in requests] for _ in range(_ROUNDS)]
        return Measured(answers, peak, ServingTimes(load=load, latency=_warm(leaf, requests[0])))


def _warm(leaf: Leaf, request: Request) -> float:
    """Return the time of a warm call in milliseconds: of several in a row, so that the way to the leaf counts once."""
    started = time.perf_counter()
    _ask(leaf, {"predict": request})
    one = time.perf_counter() - started
    times = max(3, min(_WARM_RUNS, int(_WARM_SECONDS / max(one, 1e-6))))
    started = time.perf_counter()
    _ask(leaf, {"predict": request, "times": times})
    return (time.perf_counter() - started) * 1000.0 / times


def _ask(leaf: Leaf, question: dict[str, Any]) -> dict[str, Any]:
    answer = _answer_of(leaf, {}, {"question": byte_strings([json.dumps(question).encode()])})
    texts = answer.arrays.get("answer")
    try:
        found = json.loads(texts[0])  # type: ignore[index]
    except (ValueError, TypeError, IndexError, RecursionError) as error:
        raise RefusedError("its process did not answer as it must") from error
    if not isinstance(found, dict) or "error" in found:
        raise RefusedError(one_line(str(found["error"] if isinstance(found, dict) else found), _REFUSAL_LIMIT))
    return found


def _answer_of(leaf: Leaf, document: dict[str, Any], arrays: dict[str, Any]) -> Answer:
    try:
        answer = leaf.ask(document, arrays, answer_bytes=_ANSWER_BYTES, seconds=_TIMEOUT_SECONDS)
    except OptimizerError as error:
        raise RefusedError(str(error)) from error
    said = answer.document if isinstance(answer.document, dict) else {}
    if "ended" in said:
        raise RefusedError(one_line(str(said["ended"]), _REFUSAL_LIMIT))
    return answer


def _outputs(answer: dict[str, Any]) -> dict[str, Any]:
    outputs = answer.get("outputs")
    if not isinstance(outputs, dict):
        raise RefusedError(f"it answered {str(outputs)[:100]!r}")
    return outputs
