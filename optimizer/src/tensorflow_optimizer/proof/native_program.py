"""Runs the native program as Lambda does, in a process that polls a Runtime API for events."""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median_high
from typing import IO, TYPE_CHECKING, Any

from ..processes.processor_clock import processor_seconds
from ..runners.handler_probe import peak_mebibytes
from .runtime_api import RuntimeApi
from .serving_times import ServingTimes, percentile_99, typical

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..documents.manifest import Signature

#: Path of the program, if it is neither next to the optimizer nor in the repository.
PROGRAM_VARIABLE = "TENSORFLOW_OPTIMIZER_NATIVE_PROGRAM"
_NAME = "bootstrap"
#: Lambda's names of processors.
_PROCESSORS = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
_TIMEOUT_SECONDS = 300.0
_ROUNDS = 2
_STARTS = 3
_WARM_PROCESSES, _WARM_RUNS = 5, 60
_WARM_SECONDS = 3.0
_REFUSAL_LIMIT = 500

Request = tuple[str, dict[str, Any]]
"""The name of a signature, and nested lists for its inputs."""


class RefusedError(Exception):
    """The program cannot serve the model; the message says why."""


@dataclass(frozen=True)
class Measured:
    """The program's answers and measurements."""

    answers: list[list[dict[str, Any]]]
    """By round and request: a value for each output."""
    peak_mebibytes: float | None
    times: ServingTimes


def find_program() -> Path | None:
    """Return the program for this machine's processor; None if there is none."""
    stated = os.environ.get(PROGRAM_VARIABLE)
    if stated:
        return Path(stated) if Path(stated).is_file() else None
    processor = _PROCESSORS.get(platform.machine(), platform.machine())
    place = Path(__file__).resolve().parents[4] / "server" / "dist" / processor / _NAME
    return place if place.is_file() else None


@contextmanager
def executable(program: Path) -> Iterator[Path]:
    """Give a copy that can be executed: a build's source may have lost the mode, and may be read-only."""
    with tempfile.TemporaryDirectory(prefix="proof-") as directory:
        copy = Path(directory) / _NAME
        copy.write_bytes(program.read_bytes())
        copy.chmod(0o755)
        yield copy


def measure_program(
    program: Path, model: Path, library: Path, signatures: dict[str, Signature], requests: Sequence[Request]
) -> Measured:
    """Answer all requests twice in one process, and measure starts in further ones.

    Args:
        program: The native program, executable.
        model: Directory with model.json and the model.
        library: libLiteRt.so.
        signatures: The model's signatures.
        requests: The requests; the first one is timed.

    Raises:
        RefusedError: It did not start, ended, failed or took too long.
    """
    event = event_of(requests[0])
    starts = [_first_answer(program, model, library, event) for _ in range(_STARTS)]
    warm = [measure_warm(program, model, library, event) for _ in range(_WARM_PROCESSES)]
    computed = [each for _, each in warm]
    with running(program, model, library) as function:
        # Send the sequence twice: a program that keeps state between requests answers differently.
        answers = [[function.answer(request, signatures) for request in requests] for _ in range(_ROUNDS)]
        return Measured(
            answers,
            peak_mebibytes(function.pid),
            ServingTimes(
                function.load_milliseconds(),
                median_high(starts),
                median_high([latency for latency, _ in warm]),
                typical(computed),
                percentile_99(computed),
            ),
        )


def event_of(request: Request) -> bytes:
    """Return the event of a request."""
    name, inputs = request
    return json.dumps({"signature_name": name, "inputs": inputs}).encode()


class Function:
    """A running program."""

    def __init__(self, api: RuntimeApi, process: subprocess.Popen[bytes], log: IO[bytes]) -> None:
        self._api = api
        self._process = process
        self._log = log

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def ask(self, event: bytes) -> tuple[bytes, float]:
        """Return the answer, and `time.perf_counter` of its arrival."""
        self._api.send(event)
        answer = self._api.receive(_TIMEOUT_SECONDS, lambda: self._process.poll() is None)
        if answer is None:
            raise RefusedError(self._ending())
        if answer.failed:
            raise RefusedError(_error_message(answer.body))
        return answer.body, answer.arrived

    def answer(self, request: Request, signatures: dict[str, Signature]) -> dict[str, Any]:
        """Return a value for each output."""
        return _outputs(self.ask(event_of(request))[0], list(signatures[request[0]].outputs))

    def warnings(self) -> list[str]:
        """Return the warnings in its log."""
        return [str(record.get("message")) for record in self._records() if record.get("level") == "WARN"]

    def load_milliseconds(self) -> float:
        """Return the model's loading, as the log says."""
        for record in self._records():
            if "ModelLoadTime" in record:
                return float(record["ModelLoadTime"])
        raise RefusedError("its log does not say how long the model took to load")

    def _ending(self) -> str:
        status = self._process.poll()
        if status is None:
            return f"no answer within {_TIMEOUT_SECONDS:.0f} seconds"
        if status < 0:
            return f"the process was ended by {signal.Signals(-status).name}"
        return last_line(self._text()) or f"the process returned {status}"

    def _records(self) -> Iterator[dict[str, Any]]:
        for line in self._text().splitlines():
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if isinstance(record, dict):
                yield record

    def _text(self) -> str:
        self._log.seek(0)
        return self._log.read().decode(errors="replace")


def last_line(text: str) -> str:
    """Return the last line that is not empty, shortened."""
    return next((line[:_REFUSAL_LIMIT] for line in reversed(text.splitlines()) if line.strip()), "")


@contextmanager
def running(program: Path, model: Path, library: Path) -> Iterator[Function]:
    """Give the program as a function that polls for events.

    Raises:
        RefusedError: The machine cannot execute it.
    """
    environment = {"MODEL_DIR": str(model), "LITERT_LIBRARY": str(library), "PATH": os.environ.get("PATH", "")}
    with RuntimeApi() as api, tempfile.TemporaryFile() as log:
        try:
            process = subprocess.Popen(  # noqa: S603 - our own program
                [str(program)],
                env={**environment, "AWS_LAMBDA_RUNTIME_API": api.address, **_LAMBDA_VARIABLES},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        except OSError as error:
            raise RefusedError(f"this machine cannot execute it: {error.strerror}") from None
        try:
            yield Function(api, process, log)
        finally:
            process.kill()
            process.wait()


#: Variables of Lambda that the program needs.
_LAMBDA_VARIABLES = {
    "AWS_LAMBDA_FUNCTION_NAME": "proof",
    "AWS_LAMBDA_FUNCTION_VERSION": "1",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
    "AWS_LAMBDA_LOG_GROUP_NAME": "proof",
    "AWS_LAMBDA_LOG_STREAM_NAME": "proof",
    "AWS_REGION": "eu-west-1",
}


def _first_answer(program: Path, model: Path, library: Path, event: bytes) -> float:
    started = time.perf_counter()
    with running(program, model, library) as function:
        _, arrived = function.ask(event)
        return (arrived - started) * 1000.0


def measure_warm(program: Path, model: Path, library: Path, event: bytes) -> tuple[float, list[float]]:
    """Return a process's median latency of a warm request, and the processor time of each, if the system says it."""
    times: list[float] = []
    computed: list[float] = []
    with running(program, model, library) as function:
        function.ask(event)
        end = time.perf_counter() + _WARM_SECONDS / _WARM_PROCESSES
        before = processor_seconds(function.pid)
        while len(times) < _WARM_RUNS and (len(times) < 3 or time.perf_counter() < end):
            started = time.perf_counter()
            _, arrived = function.ask(event)
            times.append((arrived - started) * 1000.0)
            # From answer to answer, because the program writes its log after an answer.
            after = processor_seconds(function.pid)
            if before is not None and after is not None:
                computed.append((after - before) * 1000.0)
            before = after
    return median_high(times), computed


def _outputs(body: bytes, names: list[str]) -> dict[str, Any]:
    """Return a value for each output; an answer with a single output does not name it."""
    try:
        document = json.loads(body)
        if "error" in document:
            raise RefusedError(str(document["error"])[:_REFUSAL_LIMIT])
        outputs = document["outputs"]
        return {name: outputs[name] for name in names} if len(names) > 1 else {names[0]: outputs}
    except (ValueError, TypeError, KeyError) as error:
        raise RefusedError(f"it answered {body[:100]!r}") from error


def _error_message(body: bytes) -> str:
    try:
        return str(json.loads(body)["errorMessage"])[:_REFUSAL_LIMIT]
    except (ValueError, TypeError, KeyError):
        return body[:_REFUSAL_LIMIT].decode(errors="replace")
