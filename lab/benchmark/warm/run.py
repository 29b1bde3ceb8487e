"""Measures warm requests, one interleaved run: `npm run bench -- warm`. See lab/benchmark/README.md."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "stand_ins"))
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "optimizer" / "src"))
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "runtime" / "shared" / "src"))

from benchmark.digits import optimize
from benchmark.running import asked, conditions, rounds_of, write_results
from benchmark.warm.subjects import BARE, BARE_BATCH, MOST_MORE, MOST_TIMES, subjects
from benchmark.warm.tables import to_markdown

LEAST_ROUNDS = 100
CALLS = 5
"""Calls of one subject in a row: the first finds the caches full of the subject before, so the fastest is taken."""


def main() -> None:
    """Measure, write the results and print them."""
    rounds = asked(__doc__, "rounds", LEAST_ROUNDS, 200)
    with tempfile.TemporaryDirectory() as directory:
        print("optimizing the model …", file=sys.stderr)
        model, candidate = optimize(Path(directory))
        result = {**measure(model, rounds), "candidate": candidate}
    write_results("warm", result, to_markdown(result))


def measure(model: Path, rounds: int) -> dict[str, Any]:
    """Call every subject once a round, so that whatever else the machine does hits all alike."""
    load_before = os.getloadavg()[0]
    taken: dict[str, list[float]] = {}
    with subjects(model) as compared:
        for number in rounds_of(rounds, uncounted=5):
            for call in compared.values():
                calls = [call() for _ in range(CALLS)]
                if number >= 0:
                    for name in calls[0]:
                        taken.setdefault(name, []).append(min(each[name] for each in calls) * 1e6)
    rows = [summarize(name, microseconds) for name, microseconds in taken.items()]
    return {
        "rounds": rounds,
        **conditions(load_before),
        "rows": rows,
        "targets": targets(taken),
    }


def summarize(name: str, microseconds: list[float]) -> dict[str, Any]:
    """Return a row of the table."""
    low, median, high = statistics.quantiles(microseconds, n=4)
    return {
        "name": name,
        "medianMicroseconds": round(median, 1),
        "lowerQuartile": round(low, 1),
        "upperQuartile": round(high, 1),
    }


def targets(taken: dict[str, list[float]]) -> list[dict[str, Any]]:
    """Return how far the project's targets are met, of each round's own figures: a busy moment hits both sides."""
    more = {name: [value - bare for value, bare in zip(taken[name], taken[BARE], strict=True)] for name in MOST_MORE}
    times = {
        name: [value / bare for value, bare in zip(taken[name], taken[BARE_BATCH], strict=True)] for name in MOST_TIMES
    }
    return [
        *(target(name, each, MOST_MORE[name], "µs more than the bare call") for name, each in more.items()),
        *(target(name, each, MOST_TIMES[name], "times the bare calls") for name, each in times.items()),
    ]


def target(name: str, each: list[float], limit: float, unit: str) -> dict[str, Any]:
    """Return a row of the table of targets."""
    low, median, high = statistics.quantiles(each, n=4)
    return {
        "name": name,
        "unit": unit,
        "median": round(median, 2),
        "lowerQuartile": round(low, 2),
        "upperQuartile": round(high, 2),
        "target": limit,
        "met": median <= limit,
    }


if __name__ == "__main__":
    main()
