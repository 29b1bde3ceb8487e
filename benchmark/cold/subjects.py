"""The subjects of the benchmark, and how to start them."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stand_in_runtime_api import CLIENT, RuntimeApi

from benchmark.cold.layout import interpreter

if TYPE_CHECKING:
    from pathlib import Path

    from benchmark.cold.layout import Layout

PLAIN, NUMPY, NATIVE, EMPTY, BARE = "plain TensorFlow", "numpy", "native", "empty Python handler", "bare Python"


@dataclass(frozen=True)
class Subject:
    """One row of the table: a module with a handler, in a process of its own."""

    name: str
    module: str = ""
    path: tuple[Path, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    bytecode: Path | None = None
    """Where the first start leaves bytecode for the next ones, if what it imports was not compiled beforehand."""
    program: Path | None = None
    """What runs instead of Python."""


@dataclass(frozen=True)
class Start:
    """One cold start."""

    milliseconds: float
    peak_mebibytes: float
    answer: str


def subjects(layout: Layout, model: Path, saved_model: Path) -> list[Subject]:
    """Return the subjects of both tables. They inherit no PYTHON* and no OPENBLAS_* variables."""
    served = {"MODEL_DIR": str(model)}
    return [
        Subject(
            PLAIN,
            "tensorflow_handler",
            (layout.plain, layout.tensorflow),
            {"SAVED_MODEL_DIR": str(saved_model), "TF_CPP_MIN_LOG_LEVEL": "3"},
            # TensorFlow is too large to copy, and uncompiled it would take three times as long, which would be unfair.
            layout.bytecode,
        ),
        # The environment that ModelFunction sets for each runtime.
        Subject(
            NUMPY,
            "index",
            (layout.task, layout.packages),
            {**served, "OPENBLAS_NUM_THREADS": "1"},
        ),
        Subject(NATIVE, environment={**served, "LITERT_LIBRARY": str(layout.library)}, program=layout.program),
        Subject(EMPTY, "empty_handler", (layout.plain,)),
    ]


def start_process(subject: Subject, layout: Layout, event_file: Path) -> Start:
    """Measure from spawn to first answer, without a runtime client: Python only, as the native program is a client."""
    if subject.name == BARE:
        command = ["-c", "import sys; sys.stdout.write('READY\\n'); sys.stdout.flush(); sys.stdin.read()"]
    else:
        command = [str(layout.starter), ":".join(map(str, subject.path)), subject.module, str(event_file)]
    started = time.perf_counter()
    with _spawn(command, subject, subject.environment) as process:
        for line in process.stdout or ():
            if line.startswith("READY"):
                elapsed = time.perf_counter() - started
                return Start(elapsed * 1000, _peak(process), _end(process, line.removeprefix("READY").strip()))
        raise RuntimeError(f"{subject.name} ended without an answer")


def start_client(subject: Subject, layout: Layout, event: Any) -> Start:
    """Measure from spawn to the posted response: Python with awslambdaric, as in Lambda's images; native by itself."""
    api = RuntimeApi()
    api.send(event)
    environment = {
        **subject.environment,
        "AWS_LAMBDA_RUNTIME_API": api.address,
        # Set by Lambda; makes the client poll in a thread.
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_NAME": "digits",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
    }
    path = ":".join(map(str, (*subject.path, layout.client)))
    command = [] if subject.program else ["-c", CLIENT, path, f"{subject.module}.handler"]
    started = time.perf_counter()
    with _spawn(command, subject, environment) as process:
        posted = api.posted.get(timeout=120)
        answer = posted.value
        start = Start((posted.arrived - started) * 1000, _peak(process), _end(process, str(answer)))
    api.close()
    if posted.where != "response" or "error" in answer:
        raise RuntimeError(f"{subject.name} answered {answer}")
    return start


def _spawn(command: list[str], subject: Subject, environment: dict[str, str]) -> subprocess.Popen[str]:
    # -B: Lambda's file system is read-only, so bytecode is not written.
    bytecode = ["-X", f"pycache_prefix={subject.bytecode}"] if subject.bytecode else ["-B"]
    start = [str(subject.program)] if subject.program else [interpreter(), "-I", *bytecode]
    return subprocess.Popen(  # noqa: S603 - our own commands
        [*start, *command],
        env={"PATH": "/usr/bin:/bin", **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _peak(process: subprocess.Popen[str]) -> float:
    from pathlib import Path

    for line in Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


def _end(process: subprocess.Popen[str], answer: str) -> str:
    process.kill()
    return answer
