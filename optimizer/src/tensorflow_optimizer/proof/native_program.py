"""Runs the native program as Lambda does, in a sandbox, and measures it from outside."""

from __future__ import annotations

import base64
import json
import math
import os
import platform
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median_high
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import OptimizerError
from ..processes.plain_text import one_line
from .native_leaf import BESIDE, MEASURE_SECONDS, TIMEOUT_SECONDS, byte_strings
from .program_process import ProgramProcess
from .serving_times import ServingTimes, percentile_99, typical

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..documents.manifest import ModelDescription, Signature
    from ..sandbox import Answer, Leaf, Sandbox

#: Path of the program, if it is neither next to the optimizer nor in the repository.
PROGRAM_VARIABLE = "TENSORFLOW_OPTIMIZER_NATIVE_PROGRAM"
_TASK = "tensorflow_optimizer.proof.native_leaf:drive"
_NAME = "bootstrap"
#: Lambda's names of processors.
_PROCESSORS = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
_ROUNDS = 2
_STARTS = 3
_WARM_PROCESSES, _WARM_RUNS, _WARM_TURNS = 5, 60, 12
_WARM_SECONDS = 3.0
_ASKED, _IN_A_ROW = 20, 20
_REFUSAL_LIMIT = 500
#: Time that a leaf has beyond its program's limit, to report that the program is late.
_GRACE_SECONDS = 30.0
#: Most bytes of all answers to one question.
_ANSWER_BYTES = 1 << 30

Request = tuple[str, dict[str, Any]]
"""The name of a signature, and nested lists for its inputs."""


class RefusedError(Exception):
    """The program cannot serve the model; the message says why."""


@dataclass(frozen=True)
class Measured:
    """The program's answers and measurements."""

    answers: list[list[dict[str, Any]]]
    """Values of each output, by round and request."""
    peak_mebibytes: float | None
    times: ServingTimes


def find_program() -> Path | None:
    """Return the program for this machine; None if there is none. Those of the package are for Linux."""
    stated = os.environ.get(PROGRAM_VARIABLE)
    if stated:
        return Path(stated) if Path(stated).is_file() else None
    if platform.system() != "Linux":
        return None
    processor = _PROCESSORS.get(platform.machine(), platform.machine())
    place = Path(__file__).resolve().parents[4] / "server" / "dist" / processor / _NAME
    return place if place.is_file() else None


@contextmanager
def native_program(  # noqa: PLR0913, PLR0917 - the files of one function
    sandbox: Sandbox,
    program: Path,
    library: Path,
    content: bytes,
    description: ModelDescription,
    beside: Mapping[str, bytes] | None = None,
) -> Iterator[NativeProgram]:
    """Lay out program and model in a leaf, which ends with the block.

    Args:
        sandbox: Starts the leaf.
        program: The native program.
        library: libLiteRt.so.
        content: The .tflite file.
        description: The model's description.
        beside: Further files of the model, by name.

    Raises:
        OptimizerError: The sandbox cannot start the leaf.
    """
    with sandbox.leaf(_TASK, loopback=True) as leaf:
        native = NativeProgram(leaf)
        native.lay_out(program, library, content, description, beside or {})
        yield native


class NativeProgram:
    """The native program in its leaf. All that it says is a stranger's word: the caller compares answers."""

    def __init__(self, leaf: Leaf) -> None:
        self._leaf = leaf

    def lay_out(
        self,
        program: Path,
        library: Path,
        content: bytes,
        description: ModelDescription,
        beside: Mapping[str, bytes],
    ) -> None:
        """Write the files for the program."""
        files = {"program": _bytes_of(program.read_bytes()), "model": _bytes_of(content)}
        files |= {f"{BESIDE}{name}": _bytes_of(other) for name, other in beside.items()}
        self._ask("lay_out", files, library=str(library), description=description.to_json())

    def describe(self, description: ModelDescription) -> None:
        """Replace the model's description, for the next start."""
        self._ask("describe", description=description.to_json())

    @contextmanager
    def running(self) -> Iterator[Function]:
        """Give the program as a function that polls for events.

        Raises:
            RefusedError: The machine cannot execute it.
        """
        self._ask("start")
        try:
            yield Function(self, ProgramProcess(self._leaf.process))
        finally:
            self._ask_to_stop()

    def first_answer(self, event: bytes) -> float:
        """Start the program and return the time until its answer has arrived here, in milliseconds."""
        started = time.perf_counter()
        self._ask("start", {"events": byte_strings([event])})
        milliseconds = (time.perf_counter() - started) * 1000.0
        self._ask_to_stop()
        return milliseconds

    def send(self, events: Sequence[bytes], times: int = 1) -> list[bytes]:
        """Send events in turns, and return the last answer to each."""
        bodies = self._ask("send", {"events": byte_strings(events)}, times=times).arrays.get("bodies")
        if bodies is None or bodies.shape != (len(events),) or not all(isinstance(body, bytes) for body in bodies):
            raise RefusedError("it did not answer every event")
        return list(bodies)

    def asking_milliseconds(self) -> float:
        """Return what it takes to ask the leaf for nothing."""
        started = time.perf_counter()
        self._ask("nothing")
        return (time.perf_counter() - started) * 1000.0

    def log(self) -> str:
        """Return the end of the program's log."""
        return _text(self._ask("log").arrays.get("log"))

    def measure(self, lines: str) -> str:
        """Let the program measure runs of its own, and return what it prints."""
        asked = byte_strings([lines.encode()])
        return _text(self._ask("measure", {"lines": asked}, seconds=MEASURE_SECONDS).arrays.get("printed"))

    def _ask(
        self, what: str, arrays: dict[str, Any] | None = None, *, seconds: float | None = None, **document: Any
    ) -> Answer:
        """Ask the leaf for something.

        Raises:
            RefusedError: The program ended, failed or took too long, or the leaf did.
        """
        count = len(arrays["events"]) if arrays and "events" in arrays else 1
        deadline = (seconds or TIMEOUT_SECONDS * count * document.get("times", 1)) + _GRACE_SECONDS
        try:
            answer = self._leaf.ask({"do": what, **document}, arrays, answer_bytes=_ANSWER_BYTES, seconds=deadline)
        except OptimizerError as error:
            raise RefusedError(str(error)) from error
        said = answer.document if isinstance(answer.document, dict) else {}
        if "ended" in said:
            raise RefusedError(one_line(str(said["ended"]), _REFUSAL_LIMIT))
        if "failed" in said:
            raise RefusedError(_error_message(_text(answer.arrays.get("bodies"))))
        return answer

    def _ask_to_stop(self) -> None:
        try:
            self._ask("stop")
        except RefusedError:
            return  # it is over already


class Function:
    """The running program."""

    def __init__(self, native: NativeProgram, process: ProgramProcess) -> None:
        self._native = native
        self.process = process

    def ask(self, event: bytes) -> bytes:
        """Return the answer to an event."""
        return self._native.send([event])[0]

    def answer(self, request: Request, signatures: dict[str, Signature]) -> dict[str, Any]:
        """Return a value for each output."""
        return _outputs(self.ask(event_of(request)), list(signatures[request[0]].outputs))

    def warnings(self) -> list[str]:
        """Return the warnings in its log."""
        return [
            one_line(str(record.get("message")), _REFUSAL_LIMIT)
            for record in self._records()
            if record.get("level") == "WARN"
        ]

    def load_milliseconds(self) -> float:
        """Return the model's loading, as its log says: a figure for people, by which nothing is decided."""
        for record in self._records():
            milliseconds = record.get("ModelLoadTime")
            if isinstance(milliseconds, int | float) and math.isfinite(milliseconds) and milliseconds >= 0:
                return float(milliseconds)
        raise RefusedError("its log does not say how long the model took to load")

    def _records(self) -> Iterator[dict[str, Any]]:
        for line in self._native.log().splitlines():
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(record, dict):
                yield record


def measure_program(native: NativeProgram, signatures: dict[str, Signature], requests: Sequence[Request]) -> Measured:
    """Answer all requests twice in one process, and measure starts in further ones.

    Args:
        native: The program with its model.
        signatures: The model's signatures.
        requests: The requests; the first one is timed.

    Raises:
        RefusedError: It did not start, ended, failed or took too long.
    """
    event = event_of(requests[0])
    starts = [native.first_answer(event) for _ in range(_STARTS)]
    warm = [measure_warm(native, event) for _ in range(_WARM_PROCESSES)]
    with native.running() as function:
        # Send the sequence twice: a program that keeps state between requests answers differently.
        answers = [[function.answer(request, signatures) for request in requests] for _ in range(_ROUNDS)]
        return Measured(
            answers,
            function.process.peak_mebibytes(),
            ServingTimes(
                function.load_milliseconds(),
                median_high(starts),
                median_high([each.latency for each in warm]),
                typical([each.steady for each in warm]),
                percentile_99([each.single for each in warm]),
            ),
        )


@dataclass(frozen=True)
class Warm:
    """Warm requests to one process, in milliseconds."""

    latency: float
    """Time from a request to its answer, without the way to the leaf and back."""
    single: list[float]
    """Processor time of each request with a pause before it, if the system says it."""
    steady: list[float]
    """Processor time of a request, of several in a row each, if the system says it."""


def measure_warm(native: NativeProgram, event: bytes) -> Warm:
    """Measure a process of the program by the clocks of this one and of the system."""
    half = _WARM_SECONDS / _WARM_PROCESSES / 2
    times: list[float] = []
    with native.running() as function:
        function.ask(event)
        # The least: a busy machine only adds.
        asking = min(native.asking_milliseconds() for _ in range(_ASKED))
        clock = _ProcessorClock(function.process)
        end = time.perf_counter() + half
        while len(times) < _WARM_RUNS and (len(times) < 3 or time.perf_counter() < end):
            started = time.perf_counter()
            function.ask(event)
            times.append((time.perf_counter() - started) * 1000.0)
            # From answer to answer, because the program writes its log after an answer.
            clock.stop(1)
        single = clock.taken
        clock = _ProcessorClock(function.process)
        end, turns = time.perf_counter() + half, 0
        while turns < _WARM_TURNS and (turns < 3 or time.perf_counter() < end):
            native.send([event], _IN_A_ROW)
            clock.stop(_IN_A_ROW)
            turns += 1
    latency = median_high(times)
    # No request takes no time, whatever a busy machine adds to asking.
    return Warm(max(latency - asking, latency / 100), single, clock.taken)


class _ProcessorClock:
    """Takes the processor time of a process, in milliseconds."""

    def __init__(self, process: ProgramProcess) -> None:
        self._process = process
        self._before = process.processor_seconds()
        self.taken: list[float] = []

    def stop(self, requests: int) -> None:
        """Note what each of so many requests has taken since the last time."""
        after = self._process.processor_seconds()
        if self._before is not None and after is not None:
            self.taken.append((after - self._before) * 1000.0 / requests)
        self._before = after


def as_array(value: Any, dtype: str | None = None) -> np.ndarray[Any, Any]:
    """Return an output of an answer as an array.

    Raises:
        RefusedError: It is no array, or not of this type.
    """
    try:
        return np.asarray(value, dtype)
    except (ValueError, TypeError, OverflowError) as error:
        raise RefusedError(f"it answered {str(value)[:100]!r}") from error


def request_of(name: str, inputs: Mapping[str, np.ndarray[Any, Any]]) -> Request:
    """Return the request for inputs of a signature."""
    return name, {key: _plain(value.tolist()) for key, value in inputs.items()}


def _plain(value: Any) -> Any:
    """Return values as JSON has them: bytes are Base64."""
    if isinstance(value, bytes):
        return {"b64": base64.b64encode(value).decode("ascii")}
    return [_plain(entry) for entry in value] if isinstance(value, list) else value


def event_of(request: Request) -> bytes:
    """Return the event of a request."""
    name, inputs = request
    return json.dumps({"signature_name": name, "inputs": inputs}).encode()


def _outputs(body: bytes, names: list[str]) -> dict[str, Any]:
    """Return a value for each output; an answer with a single output does not name it."""
    try:
        document = json.loads(body)
        if "error" in document:
            raise RefusedError(one_line(str(document["error"]), _REFUSAL_LIMIT))
        outputs = document["outputs"]
        return {name: outputs[name] for name in names} if len(names) > 1 else {names[0]: outputs}
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise RefusedError(f"it answered {body[:100]!r}") from error


def _error_message(body: str) -> str:
    try:
        return one_line(str(json.loads(body)["errorMessage"]), _REFUSAL_LIMIT)
    except (ValueError, TypeError, KeyError, RecursionError):
        return one_line(body, _REFUSAL_LIMIT)


def _bytes_of(content: bytes) -> np.ndarray[Any, Any]:
    return np.frombuffer(content, np.uint8)


def _text(texts: np.ndarray[Any, Any] | None) -> str:
    """Return the only text of an answer."""
    if texts is None or texts.shape != (1,) or not isinstance(texts[0], bytes):
        raise RefusedError("its process did not answer as it must")
    return texts[0].decode(errors="replace")
