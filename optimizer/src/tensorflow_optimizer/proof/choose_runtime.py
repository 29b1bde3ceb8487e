"""Chooses the runtime of a Lambda function: the first whose answers equal the reference interpreter's."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..documents.document import sha256_of
from ..documents.manifest import ModelDescription, Runtime, TextReference
from ..documents.text import TEXT_FILE
from ..errors import OptimizerError, RunError
from .answers import is_same
from .batches import with_batches
from .native_program import (
    PROGRAM_VARIABLE,
    RefusedError,
    as_array,
    find_program,
    measure_program,
    native_program,
    request_of,
)
from .numpy_handler import measure_handler

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..data import Dataset
    from ..documents.manifest import ImageProof, RunTimes, Signature
    from ..runners import Runner
    from ..sandbox import Sandbox
    from .native_program import Request
    from .serving_times import ServingTimes

_REQUESTS = 3


@dataclass(frozen=True)
class Proof:
    """The runtime that may serve the model, with its measurements."""

    runtime: Runtime
    native_refusal: str | None
    """The reason why the native program cannot serve it; absent where it can."""
    peak_mebibytes: float | None
    times: ServingTimes
    signatures: dict[str, Signature]
    """The given descriptions of the signatures, with the rows that one run of the native program computes."""
    runs: dict[str, RunTimes]
    """Times of each signature's runs; empty for numpy."""
    images: ImageProof | None = None
    """Proof of images; absent where none were compared."""


@dataclass(frozen=True)
class _Case:
    """Requests to both runtimes, and the answers of the reference interpreter."""

    sandbox: Sandbox
    content: bytes
    description: ModelDescription
    datasets: dict[str, Dataset]
    requests: list[Request]
    expected: list[dict[str, Any]]
    beside: dict[str, bytes]
    """Files beside the model, by name."""


def prove(  # noqa: PLR0913, PLR0917 - one fact each about the model
    sandbox: Sandbox,
    content: bytes,
    name: str,
    signatures: dict[str, Signature],
    datasets: dict[str, Dataset],
    reference: Runner,
    *,
    reset_state: bool,
    text: Mapping[str, Path] | None = None,
) -> Proof:
    """Prove the native program, or otherwise the Python handler with NumPy.

    Both run in a sandbox; their answers are compared, and their times and memory measured, outside of it.

    Args:
        sandbox: Where they run.
        content: The .tflite file.
        name: The model's name.
        signatures: Their descriptions, the default one first.
        datasets: Inputs by signature.
        reference: The same file in the reference interpreter.
        reset_state: Every request starts from the initial state.
        text: text.json and its tables by name, where the model takes text or categories.

    Raises:
        RunError: Neither answers like the reference interpreter.
        OptimizerError: The handler's package is missing.
    """
    asked = [
        (signature, datasets[signature].call(row, row + 1))
        for signature in signatures
        for row in range(min(_REQUESTS, datasets[signature].count))
    ]
    case = _Case(
        sandbox,
        content,
        describe_model(name, signatures, reset_state=reset_state, text=text),
        datasets,
        [request_of(name, inputs) for name, inputs in asked],
        [reference.run(signature, inputs) for signature, inputs in asked],
        {name: path.read_bytes() for name, path in (text or {}).items()},
    )
    try:
        return _prove_native(case)
    except RefusedError as error:
        native_refusal = str(error)
    if text:
        raise RunError(f"only the native runtime takes text, and it cannot serve this model: {native_refusal}")
    try:
        return _prove_numpy(case, native_refusal)
    except RefusedError as error:
        raise RunError(
            f"the native runtime cannot serve it: {native_refusal}; the numpy runtime cannot serve it: {error}"
        ) from error


def describe_model(
    name: str, signatures: dict[str, Signature], *, reset_state: bool = False, text: Mapping[str, Path] | None = None
) -> ModelDescription:
    """Return the content of model.json, as a function finds it beside its model."""
    return ModelDescription(
        schema_version=1,
        model=name,
        version=1,
        runtime=Runtime.NUMPY if reset_state else Runtime.NATIVE,
        reset_state=reset_state,
        default_signature=next(iter(signatures)),
        signatures=signatures,
        text=TextReference(sha256=sha256_of(text[TEXT_FILE].read_bytes())) if text else None,
    )


def litert_library() -> Path:
    """Return libLiteRt.so of the installed LiteRT package, which is not imported for it.

    Raises:
        OptimizerError: The package is missing.
    """
    package = find_spec("ai_edge_litert")
    if package is None or not package.submodule_search_locations:
        raise OptimizerError("the package ai-edge-litert is not installed: install optimizer/requirements.txt")
    return Path(package.submodule_search_locations[0]) / "libLiteRt.so"


def _prove_native(case: _Case) -> Proof:
    if case.description.reset_state:
        raise RefusedError("it starts every request from its initial state, which LiteRT's C interface cannot do")
    program = find_program()
    if program is None:
        raise RefusedError(f"the native program was not found, so it was not tried; {PROGRAM_VARIABLE} can name it")
    with native_program(case.sandbox, program, litert_library(), case.content, case.description, case.beside) as native:
        measured = measure_program(native, case.description.signatures, case.requests)
        _compare(measured.answers, case.expected)
        signatures, runs = with_batches(native, case.description, case.datasets)
    return Proof(Runtime.NATIVE, None, measured.peak_mebibytes, measured.times, signatures, runs)


def _prove_numpy(case: _Case, native_refusal: str) -> Proof:
    measured = measure_handler(case.sandbox, case.content, case.description, case.requests)
    _compare(measured.answers, case.expected)
    signatures = case.description.signatures
    return Proof(Runtime.NUMPY, native_refusal, measured.peak_mebibytes, measured.times, signatures, {})


def _compare(rounds: list[list[dict[str, Any]]], expected: list[dict[str, Any]]) -> None:
    for turn, answers in enumerate(rounds, start=1):
        for number, (answer, outputs) in enumerate(zip(answers, expected, strict=True), start=1):
            for name, value in outputs.items():
                if not is_same(as_array(answer.get(name)), value):
                    raise RefusedError(
                        f"its output {name!r} differs from the reference interpreter's (run {turn}, request {number})"
                    )
