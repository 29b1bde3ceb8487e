"""Chooses the runtime of a Lambda function: the first whose answers equal the reference interpreter's."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..documents.manifest import Runtime
from ..errors import OptimizerError
from ..runners import LiteRtRunner, RunError, handler_probe
from .answers import is_same
from .batches import with_batches
from .model_directory import model_directory
from .native_program import PROGRAM_VARIABLE, RefusedError, executable, find_program, measure_program
from .serving_times import ServingTimes

if TYPE_CHECKING:
    from ..data import Dataset
    from ..documents.manifest import ModelDescription, PictureProof, RunTimes, Signature
    from .native_program import Request

#: Path of the handler's package, if it is neither next to the optimizer nor in the repository.
HANDLER_VARIABLE = "TENSORFLOW_OPTIMIZER_HANDLER"
_PACKAGE = "model_server"
_TIMEOUT_SECONDS = 300
_REQUESTS = 3
_REFUSAL_LIMIT = 500


@dataclass(frozen=True)
class Proof:
    """The runtime that may serve the model, with its measurements."""

    runtime: Runtime
    native_refusal: str | None
    """The reason why the native program cannot serve it; absent where it can."""
    peak_mebibytes: float | None
    times: ServingTimes
    signatures: dict[str, Signature]
    """As given, with the rows that one run of the native program computes."""
    runs: dict[str, RunTimes]
    """Times of each signature's runs; empty for numpy."""
    pictures: PictureProof | None = None
    """Absent where no pictures were compared."""


def prove(
    content: bytes, name: str, signatures: dict[str, Signature], datasets: dict[str, Dataset], *, reset_state: bool
) -> Proof:
    """Prove the native program, or otherwise the Python handler with NumPy.

    Args:
        content: The .tflite file.
        name: The model's name.
        signatures: Their descriptions, the default one first.
        datasets: Inputs by signature.
        reset_state: Every request starts from the initial state.

    Raises:
        RunError: Neither answers like the reference interpreter.
        OptimizerError: The handler's package is missing.
    """
    requests = [
        (signature, datasets[signature].call(row, row + 1))
        for signature in signatures
        for row in range(min(_REQUESTS, datasets[signature].count))
    ]
    reference = LiteRtRunner(content, signatures, reset_state=reset_state)
    expected = [reference.run(signature, inputs) for signature, inputs in requests]
    reference.close()
    plain = [(name, {key: value.tolist() for key, value in inputs.items()}) for name, inputs in requests]
    with model_directory(content, name, signatures, reset_state=reset_state) as (model, description):
        try:
            return _prove_native(model, description, plain, expected, datasets)
        except RefusedError as error:
            native_refusal = str(error)
        try:
            return _prove_numpy(model, signatures, plain, expected, native_refusal)
        except RefusedError as error:
            raise RunError(
                f"the native runtime cannot serve it: {native_refusal}; the numpy runtime cannot serve it: {error}"
            ) from error


def _prove_native(
    model: Path,
    description: ModelDescription,
    requests: list[Request],
    expected: list[dict[str, Any]],
    datasets: dict[str, Dataset],
) -> Proof:
    if description.reset_state:
        raise RefusedError("it starts every request from its initial state, which LiteRT's C interface cannot do")
    program = find_program()
    if program is None:
        raise RefusedError(f"the native program was not found, so it was not tried; {PROGRAM_VARIABLE} can name it")
    with executable(program) as copy:
        measured = measure_program(copy, model, litert_library(), description.signatures, requests)
        _compare(measured.answers, expected)
        signatures, runs = with_batches(copy, model, litert_library(), description, datasets)
    return Proof(
        Runtime.NATIVE,
        None,
        measured.peak_mebibytes,
        measured.times,
        signatures,
        runs,
    )


def _prove_numpy(
    model: Path,
    signatures: dict[str, Signature],
    requests: list[Request],
    expected: list[dict[str, Any]],
    native_refusal: str,
) -> Proof:
    found = _ask(model, handler_directory(), requests)
    if "error" in found:
        raise RefusedError(str(found["error"])[:_REFUSAL_LIMIT])
    _compare(found["answers"], expected)
    return Proof(
        Runtime.NUMPY,
        native_refusal,
        found["peakMebibytes"],
        ServingTimes(load=found["loadMilliseconds"], latency=found["warmMilliseconds"]),
        signatures,
        {},
    )


def handler_directory() -> Path:
    """Return the directory of the function's package.

    Raises:
        OptimizerError: It does not exist.
    """
    here = Path(__file__).resolve()
    stated = os.environ.get(HANDLER_VARIABLE)
    # Of an installed package, and of the repository's layout, which a build has too.
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


def litert_library() -> Path:
    """Return libLiteRt.so of the installed LiteRT package."""
    import ai_edge_litert

    return Path(ai_edge_litert.__path__[0]) / "libLiteRt.so"


def _ask(place: Path, handler: Path, requests: list[Request]) -> dict[str, Any]:
    question, answer = place / "question.json", place / "answer.json"
    answer.unlink(missing_ok=True)
    asked = {
        "handler": str(handler),
        "model": str(place),
        "requests": requests,
        "warm": requests[0],
    }
    question.write_text(json.dumps(asked), encoding="utf-8")
    probe = Path(handler_probe.__file__)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    try:
        done = subprocess.run(  # noqa: S603 - our own script, our own interpreter
            [sys.executable, "-I", "-B", str(probe), str(question), str(answer)],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"error": f"no answer within {_TIMEOUT_SECONDS} seconds"}
    if done.returncode < 0:
        return {"error": f"the process was ended by {signal.Signals(-done.returncode).name}"}
    if done.returncode or not answer.is_file():
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        return {"error": lines[-1][:300] if lines else f"the process returned {done.returncode}"}
    found: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
    return found


def _compare(rounds: list[list[dict[str, Any]]], expected: list[dict[str, Any]]) -> None:
    for turn, answers in enumerate(rounds, start=1):
        for number, (answer, outputs) in enumerate(zip(answers, expected, strict=True), start=1):
            for name, value in outputs.items():
                if not is_same(np.asarray(answer[name]), value):
                    raise RefusedError(
                        f"its output {name!r} differs from the reference interpreter's (run {turn}, request {number})"
                    )
