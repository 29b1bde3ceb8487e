"""Measures a model, in the native program and in the bare library, each in processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stand_in_runtime_api import Function
from tensorflow_optimizer.proof.choose_runtime import litert_library
from tensorflow_optimizer.proof.run_times import questions, read_runs

from benchmark.models.build import ROWS, SIGNATURE
from benchmark.running import native_program, processor_seconds

if TYPE_CHECKING:
    from benchmark.models.architectures import Architecture

_REQUESTS_SECONDS = 0.25
_HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Subject:
    """A model on the disk, with its description."""

    architecture: Architecture
    kind: str
    """float32 or int8."""
    directory: Path

    @cached_property
    def batch(self) -> dict[str, Any]:
        """Rows of one run as the job chose them, or why it is one."""
        found: dict[str, Any] = self._signature["batch"]
        return found

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._file.stat().st_size

    @property
    def _file(self) -> Path:
        return self.directory / "model.tflite"

    def trial(self) -> dict[str, float | None]:
        """Measure everything once, the native program and the bare library in turn."""
        bare = self._bare()
        return {
            "nativeStart": self._native_start(),
            "bareStart": self._bare_start(),
            **self._native(),
            "bareRow": bare["rowMicroseconds"],
            "bareRows": bare["rows"],
            "bareThreads": bare["threads"],
            "request": self._request(bare["rowMicroseconds"]),
        }

    def _native(self) -> dict[str, float | None]:
        """Let the program measure its own runs, as it does for the job."""
        measured = subprocess.run(  # noqa: S603 - our own program
            [native_program("bootstrap"), "measure"],
            input=questions([(SIGNATURE, self._inputs(1))]),
            env={"MODEL_DIR": str(self.directory), "LITERT_LIBRARY": str(litert_library())},
            capture_output=True,
            text=True,
            check=True,
        )
        [times] = read_runs(measured.stdout, [SIGNATURE]).values()
        ratios = {trial.rows: trial.ratio for trial in times.rows}
        return {
            "nativeRow": times.row_microseconds,
            "nativeRows": 1.0 if self.batch["rows"] == 1 else ratios.get(self.batch["rows"]),
            "nativeThreads": times.threads_ratio,
        }

    def _native_start(self) -> float:
        event = json.dumps({"inputs": self._inputs(1)}).encode()
        with self._function() as function:
            _answered(function, event)
            return processor_seconds(function.process.pid) * 1000

    def _request(self, bare: float) -> float | None:
        """Return the processor time of a request with all rows as JSON, divided by as many bare calls.

        None where Lambda takes no request of so many rows.
        """
        if len(self._rows) < ROWS:
            return None
        event = json.dumps({"inputs": self._inputs(ROWS)}).encode()
        with self._function() as function:
            # The first compiles the model for several rows.
            for _ in range(2):
                _answered(function, event)
            number, before = 0, processor_seconds(function.process.pid)
            end = time.monotonic() + _REQUESTS_SECONDS
            while time.monotonic() < end or not number:
                _answered(function, event)
                number += 1
            return (processor_seconds(function.process.pid) - before) / number * 1e6 / (bare * ROWS)

    def _bare(self) -> dict[str, Any]:
        done = subprocess.run(self._command("measure"), capture_output=True, text=True, check=False)  # noqa: S603 - our own script
        if done.returncode:
            raise RuntimeError(f"the interpreter ended with {done.returncode}: {done.stderr[-300:]}")
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def _bare_start(self) -> float:
        command = self._command("start")
        with subprocess.Popen(  # noqa: S603 - our own script
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process:
            if process.stdout is None or process.stdout.readline() != b"READY\n":
                raise RuntimeError("the interpreter ended before it answered")
            taken = processor_seconds(process.pid) * 1000
            process.kill()
            return taken

    def _command(self, kind: str) -> list[str]:
        return [sys.executable, "-I", str(_HERE / "bare.py"), kind, str(self._file)]

    def _function(self) -> Function:
        environment = {"MODEL_DIR": str(self.directory), "LITERT_LIBRARY": str(litert_library())}
        return Function([native_program("bootstrap")], environment)

    def _inputs(self, rows: int) -> dict[str, Any]:
        [given] = self._signature["inputs"]
        return {given: self._rows[:rows]}

    @cached_property
    def _signature(self) -> dict[str, Any]:
        description = json.loads((self.directory / "model.json").read_text(encoding="utf-8"))
        found: dict[str, Any] = description["signatures"][SIGNATURE]
        return found

    @cached_property
    def _rows(self) -> list[Any]:
        found: list[Any] = json.loads((self.directory / "rows.json").read_text(encoding="utf-8"))
        return found


def _answered(function: Function, event: bytes) -> None:
    posted = function.invoke(event)
    if posted.where != "response":
        raise RuntimeError(f"the function failed: {posted.value}")
