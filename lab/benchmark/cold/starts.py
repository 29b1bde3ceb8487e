"""Starts a subject and measures it."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stand_in_runtime_api import CLIENT, RuntimeApi

from benchmark.cold.layout import interpreter
from benchmark.cold.subjects import BARE, TRUE
from benchmark.running import processor_seconds

if TYPE_CHECKING:
    from benchmark.cold.layout import Layout
    from benchmark.cold.subjects import Subject

LAMBDA = {
    # Set by Lambda; makes the client poll in a thread.
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
    "AWS_LAMBDA_FUNCTION_NAME": "digits",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
    "AWS_LAMBDA_FUNCTION_VERSION": "1",
}
LIMIT_SECONDS = 120


@dataclass(frozen=True)
class Start:
    """One cold start."""

    milliseconds: float
    processor_milliseconds: float
    """Processor time of all threads, until the answer."""
    peak_mebibytes: float
    """Peak of the resident memory; 0 if it is not known."""
    answer: Any


def start_process(subject: Subject, layout: Layout, event_file: Path) -> Start:
    """Measure from spawn to first answer, without a runtime client: Python only, as the programs are clients.

    Raises:
        RuntimeError: The process ends without an answer.
    """
    if subject.name == TRUE:
        return _ended(TRUE)
    if subject.name == BARE:
        command = ["-c", "import sys; sys.stdout.write('READY None\\n'); sys.stdout.flush(); sys.stdin.read()"]
    else:
        command = [str(layout.starter), ":".join(map(str, subject.path)), subject.module, str(event_file)]
    started = time.perf_counter()
    with _spawn([*_python(subject), *command], subject.environment) as process:
        for line in process.stdout or ():
            if line.startswith("READY"):
                elapsed = time.perf_counter() - started
                used, peak = processor_seconds(process.pid), _peak(process)
                process.kill()
                answer = ast.literal_eval(line.removeprefix("READY").strip())
                return Start(elapsed * 1000, used * 1000, peak, answer)
        raise RuntimeError(f"{subject.name} ended without an answer")


def start_client(subject: Subject, layout: Layout, event: Any) -> Start:
    """Measure from spawn to the posted response: Python with awslambdaric, as in Lambda's images.

    Raises:
        RuntimeError: The process ends without an answer, or answers with an error.
    """
    api = RuntimeApi()
    api.send(json.dumps(event).encode())
    environment = {**client_environment(subject), "AWS_LAMBDA_RUNTIME_API": api.address}
    command = client_command(subject, layout)
    started = time.perf_counter()
    with _spawn(command, environment) as process:
        posted = api.receive(LIMIT_SECONDS, lambda: process.poll() is None)
        if posted is None:
            raise RuntimeError(f"{subject.name} ended without an answer")
        used = processor_seconds(process.pid)
        start = Start((posted.arrived - started) * 1000, used * 1000, _peak(process), posted.value)
        process.kill()
    api.close()
    if posted.where != "response":
        raise RuntimeError(f"{subject.name} answered {posted.value}")
    return start


def _ended(program: str) -> Start:
    """Measure a program from spawn to its end."""
    started = time.perf_counter()
    process = _spawn([program], {})
    _, status, used = os.wait4(process.pid, 0)
    elapsed = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    process.communicate()
    return Start(elapsed * 1000, (used.ru_utime + used.ru_stime) * 1000, 0.0, None)


def client_command(subject: Subject, layout: Layout) -> list[str]:
    """Return what Lambda would start."""
    if subject.program:
        return [str(subject.program)]
    path = ":".join(map(str, (*subject.path, layout.client)))
    return [*_python(subject), "-c", CLIENT, path, f"{subject.module}.handler"]


def client_environment(subject: Subject) -> dict[str, str]:
    """Return the variables of a function, without the Runtime API's address."""
    return {**LAMBDA, **subject.environment}


def _python(subject: Subject) -> list[str]:
    # -B: Lambda's file system is read-only, so bytecode is not written.
    bytecode = ["-X", f"pycache_prefix={subject.bytecode}"] if subject.bytecode else ["-B"]
    return [interpreter(), "-I", *bytecode]


def _spawn(command: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own commands
        command,
        env={"PATH": "/usr/bin:/bin", **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _peak(process: subprocess.Popen[str]) -> float:
    for line in Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0
