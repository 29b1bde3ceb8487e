"""Measures warm requests, interleaved: `npm run bench:warm`. See benchmark/README.md."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmark.digits import optimize
from benchmark.running import asked, conditions, rounds_of, write_results
from benchmark.warm.subjects import BARE, BARE_BATCH, TARGETS, quiet_handler, subjects
from benchmark.warm.tables import to_markdown

if TYPE_CHECKING:
    from collections.abc import Callable

LEAST_ROUNDS = 100
CALLS = 5
"""Of one subject in a row: the first finds the caches full of the subject before, so the fastest is taken."""


def main() -> None:
    """Measure, write the results and print them."""
    rounds = asked(__doc__, "rounds", LEAST_ROUNDS, 200)
    with tempfile.TemporaryDirectory() as directory:
        print("optimizing the model …", file=sys.stderr)
        model, candidate = optimize(Path(directory))
        result = {**measure(model, rounds), "candidate": candidate}
    write_results("warm", result, to_markdown(result))


def measure(model: Path, rounds: int) -> dict[str, Any]:
    """Call every subject once per round, so that interference from other processes affects all alike."""
    load_before = os.getloadavg()[0]
    with quiet_handler(model) as handler:
        compared = subjects(handler, model)
        taken: dict[str, list[float]] = {name: [] for name in compared}
        for number in rounds_of(rounds, uncounted=5):
            for name, call in compared.items():
                fastest = min(clock(call) for _ in range(CALLS))
                if number >= 0:
                    taken[name].append(fastest * 1e6)
    rows = [summarize(name, microseconds) for name, microseconds in taken.items()]
    return {
        "rounds": rounds,
        **conditions(load_before),
        "rows": rows,
        "ratios": ratios(taken),
    }


def clock(call: Callable[[], object]) -> float:
    """Return the seconds that one call takes."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def summarize(name: str, microseconds: list[float]) -> dict[str, Any]:
    """Return a row of the table."""
    low, median, high = statistics.quantiles(microseconds, n=4)
    return {
        "name": name,
        "medianMicroseconds": round(median, 1),
        "lowerQuartile": round(low, 1),
        "upperQuartile": round(high, 1),
    }


def ratios(taken: dict[str, list[float]]) -> list[dict[str, Any]]:
    """Return the ratios that the project has as targets, computed per round: a busy moment affects both sides."""
    found = []
    for name, limit in TARGETS.items():
        bare = taken[BARE_BATCH if "32" in name else BARE]
        each = [one / other for one, other in zip(taken[name], bare, strict=True)]
        low, median, high = statistics.quantiles(each, n=4)
        found.append(
            {
                "name": name,
                "ratio": round(median, 2),
                "lowerQuartile": round(low, 2),
                "upperQuartile": round(high, 2),
                "target": limit,
                "met": median <= limit,
            }
        )
    return found


if __name__ == "__main__":
    main()
