"""Runs a model by LiteRT's interpreter as pip installs it, without our code: `python bare.py start|measure MODEL`."""

from __future__ import annotations

import json
import statistics
import sys
import time
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter

ROWS, THREADS = 32, 2
_ROUND_SECONDS = 0.001
_LONGEST_SECONDS = 0.25
_ROUNDS = 15


class Subject:
    """An interpreter for so many rows and threads."""

    def __init__(self, model: str, rows: int = 1, threads: int = 1) -> None:
        self._interpreter = Interpreter(model_path=model, num_threads=threads)
        [given] = self._interpreter.get_input_details()
        if rows > 1:
            self._interpreter.resize_tensor_input(given["index"], [rows, *given["shape"][1:]])
        self._interpreter.allocate_tensors()
        [given], [wanted] = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        self._given, self._wanted = given["index"], wanted["index"]
        self._row = np.random.default_rng(3).uniform(-1, 1, given["shape"]).astype(given["dtype"])

    def call(self) -> np.ndarray[Any, Any]:
        """Set, invoke, get."""
        self._interpreter.set_tensor(self._given, self._row)
        self._interpreter.invoke()
        output: np.ndarray[Any, Any] = self._interpreter.get_tensor(self._wanted)
        return output

    def run(self, times: int) -> tuple[float, float]:
        """Return the processor time and the wall time of so many calls, in seconds."""
        processor, wall = time.process_time(), time.perf_counter()
        for _ in range(times):
            self.call()
        return time.process_time() - processor, time.perf_counter() - wall


def compared(subject: Subject, rows: int, single: Subject) -> tuple[float, float, float]:
    """Return the processor time and the wall time of a row, divided by those of a row alone, and that row's in µs."""
    subject.run(1)
    calls = max(1, round(_ROUND_SECONDS / max(subject.run(1)[0], 1e-6)))
    rounds = [(subject.run(calls), single.run(calls * rows)) for _ in range(_ROUNDS)]
    processor = [statistics.median(each[side][0] for each in rounds) for side in (0, 1)]
    wall = [statistics.median(each[side][1] for each in rounds) for side in (0, 1)]
    return processor[0] / processor[1], wall[0] / wall[1], processor[1] / (calls * rows) * 1e6


def measure(model: str) -> dict[str, Any]:
    """Return a row's time alone, and the ratios of several rows and threads; None where the file cannot do it."""
    single = Subject(model)
    found: dict[str, Any] = {"rowMicroseconds": compared(Subject(model), 1, single)[2], "rows": None}
    found["threads"] = compared(Subject(model, threads=THREADS), 1, single)[1]
    if found["rowMicroseconds"] * ROWS / 1e6 <= _LONGEST_SECONDS:
        try:
            several = Subject(model, ROWS)
            if several.call().shape[0] == ROWS:
                found["rows"] = compared(several, ROWS, single)[0]
        except RuntimeError:
            # The file has a fixed number of rows.
            return found
    return found


def main() -> None:
    """Do as the arguments say."""
    kind, model = sys.argv[1:]
    if kind == "measure":
        print(json.dumps(measure(model)))
        return
    Subject(model).call()
    print("READY", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
