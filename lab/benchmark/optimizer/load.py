"""Measures how long a session takes to load a SavedModel: `load.py MODEL` prints the milliseconds of one load.

Uses TensorFlow's session loader, `tf.compat.v1.saved_model.load`, as TensorFlow Serving does. Each load has its own
process, which has imported TensorFlow and run a session with one constant before: neither is part of the time.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path


def load_milliseconds(models: dict[str, Path], rounds: int) -> dict[str, list[float]]:
    """Return the quartiles of each SavedModel's loading time, with the models taking turns.

    Raises:
        RuntimeError: One of them does not load.
    """
    from benchmark.running import rounds_of  # the program below has no package around it

    taken: dict[str, list[float]] = {name: [] for name in models}
    for number in rounds_of(rounds):  # the one that is not counted warms the page cache
        for name, path in models.items():
            milliseconds = _in_a_process(path)
            if number >= 0:
                taken[name].append(milliseconds)
    return {name: statistics.quantiles(values, n=4) for name, values in taken.items()}


def _in_a_process(path: Path) -> float:
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, str(Path(__file__).resolve()), str(path)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{path} does not load: exit code {done.returncode}: {done.stderr[-2000:]}")
    return float(done.stdout)


def main(model: str) -> None:
    """Load once and print the time."""
    import tensorflow as tf

    v1 = tf.compat.v1
    # The first session's overhead is the same for any model.
    with v1.Graph().as_default(), v1.Session() as session:
        session.run(tf.constant(0))
    started = time.perf_counter()
    with v1.Graph().as_default(), v1.Session() as session:
        v1.saved_model.load(session, ["serve"], model)
        print((time.perf_counter() - started) * 1000)


if __name__ == "__main__":
    main(*sys.argv[1:])
