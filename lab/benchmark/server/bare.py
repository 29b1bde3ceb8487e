"""Measures the floor: `bare.py MODEL.tflite SECONDS` prints the processor time of one `invoke`, in microseconds.

It says when it is ready and begins at a line of input, so that several can compute at the same time.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

_CALLS = 20
"""Number of calls between two looks at the clock."""


def processor_time(model: Path, seconds: float, processes: int) -> float:
    """Return the microseconds of one call, the mean over so many processes that compute at the same time."""
    command = [sys.executable, str(Path(__file__).resolve()), str(model), str(seconds)]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)  # noqa: S603 - our own command
        for _ in range(processes)
    ]
    for process in running:
        if process.stdout is None or process.stdout.readline() != "ready\n":
            raise RuntimeError(f"LiteRT does not run {model}")
    for process in running:
        if process.stdin is not None:
            process.stdin.write("go\n")
            process.stdin.flush()
    return sum(float(process.communicate()[0]) for process in running) / processes


def main(model: str, seconds: str) -> None:
    """Compute for so long, with one thread."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=model, num_threads=1)
    interpreter.allocate_tensors()
    for _ in range(_CALLS):
        interpreter.invoke()
    print("ready", flush=True)
    sys.stdin.readline()
    calls = 0
    started, until = time.process_time(), time.perf_counter() + float(seconds)
    while time.perf_counter() < until:
        for _ in range(_CALLS):
            interpreter.invoke()
        calls += _CALLS
    print((time.process_time() - started) / calls * 1e6)


if __name__ == "__main__":
    main(*sys.argv[1:])
