"""`npm run bench -- large-model`: a SavedModel of 500 MB within 4 GB of memory, stripped and with dynamic range.

Not part of `npm test`: it writes a few gigabytes and takes minutes. The job's real processes run, and the memory is
that of all of them together.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

_REPOSITORY = Path(__file__).parents[2]
sys.path[:0] = [str(_REPOSITORY / name) for name in ("optimizer/src", "runtime/shared/src", "optimizer/tests")]

from tensorflow_optimizer.processes import environment

environment.prepare()

import psutil
from processes import IMPORTABLE
from sample_jobs import DYNAMIC_RANGE, STRIP, job_data

_LIMIT_BYTES = 4 << 30
_ROWS, _COLUMNS, _LAYERS = 4096, 4096, 8
_MODEL_BYTES = 4 * _ROWS * _COLUMNS * _LAYERS

_MAKE = f"""
import sys, numpy as np, tensorflow as tf
class Large(tf.Module):
    def __init__(self):
        random = np.random.default_rng(0)
        self.layers = [tf.Variable(random.standard_normal(({_ROWS}, {_COLUMNS}), np.float32) / 64) for _ in range({_LAYERS})]
    @tf.function(input_signature=[tf.TensorSpec([None, {_ROWS}], tf.float32, name="x")])
    def serve(self, x):
        for layer in self.layers:
            x = tf.nn.relu(x @ layer)
        return {{"y": x}}
model = Large()
tf.saved_model.save(model, sys.argv[1], signatures={{"serving_default": model.serve}})
"""  # noqa: E501 - a program


def main() -> int:
    """Run both jobs, print the peaks, and return how many were above the limit or failed."""
    failed = 0
    with tempfile.TemporaryDirectory(prefix="large-") as directory:
        place = Path(directory)
        subprocess.run([sys.executable, "-c", _MAKE, str(place / "model")], check=True)
        for name, fields in {
            "strip": {"format": "saved_model", "recipe": STRIP},
            "dynamicRange": {"recipe": DYNAMIC_RANGE},
        }.items():
            config = place / f"{name}.json"
            config.write_text(json.dumps(job_data(**fields)), encoding="utf-8")
            out = place / name
            code, peak = _peak([*_command("run"), "--config", config, "--source", place / "model", "--output", out])
            good = code == 0 and peak <= _LIMIT_BYTES
            failed += not good
            print(f"{'✓' if good else '✗'} {name}: exit code {code}, {peak / 2**30:.2f} GiB at most")
    return failed


def _command(name: str) -> list[str]:
    return [sys.executable, "-m", "tensorflow_optimizer", name]


def _peak(command: list[object]) -> tuple[int, int]:
    """Return the exit code, and the most memory that the process and all its children had together."""
    process = psutil.Popen([str(entry) for entry in command], env={**os.environ, "PYTHONPATH": IMPORTABLE})
    peak, ended = 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not ended.wait(0.05):
            total = 0
            for entry in _family(process):
                try:
                    total += entry.memory_info().rss
                except psutil.Error:
                    continue
            peak = max(peak, total)

    watcher = threading.Thread(target=watch)
    watcher.start()
    code = process.wait()
    ended.set()
    watcher.join()
    return int(code), peak


def _family(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.exit(main())
