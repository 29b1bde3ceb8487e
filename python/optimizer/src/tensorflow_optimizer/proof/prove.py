"""The parent's side of the proof: what to ask, and whether the answers are those of the reference interpreter."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..documents.draft import LITERT_FILE
from ..documents.manifest import ModelDescription, Runtime
from ..errors import OptimizerError
from ..runners import LiteRtRunner, RunError, handler_probe

if TYPE_CHECKING:
    from ..data import Dataset
    from ..documents.manifest import Signature

#: Where the handler's package is, when it is neither beside the optimizer nor in the repository.
HANDLER_VARIABLE = "TENSORFLOW_OPTIMIZER_HANDLER"
_PACKAGE = "model_server"
_TIMEOUT_SECONDS = 300
_REQUESTS = 3
_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Proof:
    """The runtime that may serve the model, and what it costs."""

    runtime: Runtime
    nano_refusal: str | None
    peak_mebibytes: float | None
    load_milliseconds: float
    first_milliseconds: float
    latency_milliseconds: float


def prove(
    content: bytes, name: str, signatures: dict[str, Signature], datasets: dict[str, Dataset], *, reset_state: bool
) -> Proof:
    """Prove nano, or else numpy.

    Args:
        content: The .tflite file.
        name: The model's.
        signatures: As described, the default one first.
        datasets: Inputs to try, by signature.
        reset_state: Every request starts from the initial state.

    Raises:
        RunError: neither answers like the reference interpreter.
        OptimizerError: the handler's package is not there.
    """
    handler = handler_directory()
    requests = [
        (signature, datasets[signature].call(row, row + 1))
        for signature in signatures
        for row in range(min(_REQUESTS, datasets[signature].count))
    ]
    reference = LiteRtRunner(content, signatures, reset_state=reset_state)
    expected = [reference.run(signature, inputs) for signature, inputs in requests]
    reference.close()
    with tempfile.TemporaryDirectory(prefix="proof-") as directory:
        place = Path(directory)
        (place / LITERT_FILE).write_bytes(content)
        description = ModelDescription(
            model=name,
            version=1,
            runtime=Runtime.NANO,
            reset_state=reset_state,
            default_signature=next(iter(signatures)),
            signatures=signatures,
        )
        (place / "model.json").write_text(description.to_json(), encoding="utf-8")
        refusals: dict[Runtime, str] = {}
        for runtime in Runtime:
            found = _ask(place, handler, runtime, requests)
            refusal = _refusal(found, expected)
            if refusal is None:
                return Proof(
                    runtime,
                    refusals.get(Runtime.NANO),
                    found["peakMebibytes"],
                    found["loadMilliseconds"],
                    found["firstMilliseconds"],
                    found["warmMilliseconds"],
                )
            refusals[runtime] = refusal
    raise RunError("; ".join(f"the {runtime} runtime cannot serve it: {text}" for runtime, text in refusals.items()))


def handler_directory() -> Path:
    """Return the directory that holds the function's package.

    Raises:
        OptimizerError: it is nowhere.
    """
    root = Path(__file__).resolve().parents[3]
    stated = os.environ.get(HANDLER_VARIABLE)
    places = [Path(stated)] if stated else [root / "handler", root.parent / "handler" / "src"]
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


def _ask(place: Path, handler: Path, runtime: Runtime, requests: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = [(name, {key: value.tolist() for key, value in inputs.items()}) for name, inputs in requests]
    question, answer = place / "question.json", place / "answer.json"
    answer.unlink(missing_ok=True)
    asked = {
        "handler": str(handler),
        "model": str(place),
        "runtime": runtime.value,
        "library": str(litert_library()),
        "requests": plain,
        "warm": plain[0],
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


def _refusal(found: dict[str, Any], expected: list[dict[str, Any]]) -> str | None:
    if "error" in found:
        return str(found["error"])[:500]
    for turn, answers in enumerate(found["answers"], start=1):
        for number, (answer, outputs) in enumerate(zip(answers, expected, strict=True), start=1):
            for name, value in outputs.items():
                if not _same(np.asarray(answer[name]), value):
                    return (
                        f"its output {name!r} differs from the reference interpreter's (run {turn}, request {number})"
                    )
    return None


def _same(answer: np.ndarray[Any, Any], expected: np.ndarray[Any, Any]) -> bool:
    if answer.shape != expected.shape:
        return False
    if expected.dtype.kind != "f":
        return bool(np.array_equal(answer, expected))
    finite = expected[np.isfinite(expected)]
    scale = float(np.abs(finite).max()) if finite.size else 1.0
    return bool(
        np.allclose(answer.astype(np.float64), expected, rtol=_TOLERANCE, atol=_TOLERANCE * scale, equal_nan=True)
    )
