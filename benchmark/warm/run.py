"""Measures warm requests, one interleaved run: `npm run bench:warm`. See benchmark/README.md."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmark.digits import RESULTS, optimize
from benchmark.warm.subjects import BARE, BARE_BATCH, TARGETS, quiet_handler, subjects
from benchmark.warm.tables import to_markdown

if TYPE_CHECKING:
    from collections.abc import Callable

LEAST_ROUNDS = 100
CALLS = 5
"""Of one subject in a row: the first finds the caches full of the subject before, so the fastest is taken."""


def main() -> None:
    """Measure, write the results and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200, help=f"at least {LEAST_ROUNDS}, 200 by default")
    rounds = parser.parse_args().rounds
    if rounds < LEAST_ROUNDS:
        parser.error(f"--rounds must be at least {LEAST_ROUNDS}, got {rounds}")
    with tempfile.TemporaryDirectory() as directory:
        print("optimizing the model …", file=sys.stderr)
        model, candidate = optimize(Path(directory))
        result = {**measure(model, rounds), "candidate": candidate}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "warm.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    page = to_markdown(result)
    (RESULTS / "warm.md").write_text(page, encoding="utf-8")
    print(page)


def measure(model: Path, rounds: int) -> dict[str, Any]:
    """Call every subject once a round, so that whatever else the machine does hits all alike."""
    load_before = os.getloadavg()[0]
    with quiet_handler(model) as handler:
        compared = subjects(handler, model)
        taken: dict[str, list[float]] = {name: [] for name in compared}
        for number in range(-5, rounds):  # five rounds more, not counted, fill every cache
            print(f"\rround {max(number + 1, 0)} of {rounds}", end="", file=sys.stderr)
            for name, call in compared.items():
                fastest = min(clock(call) for _ in range(CALLS))
                if number >= 0:
                    taken[name].append(fastest * 1e6)
    print(file=sys.stderr)
    rows = [summarize(name, microseconds) for name, microseconds in taken.items()]
    return {
        "rounds": rounds,
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
        "python": platform.python_version(),
        "loadBefore": round(load_before, 2),
        "loadAfter": round(os.getloadavg()[0], 2),
        "rows": rows,
        "ratios": ratios(taken),
    }


def clock(call: Callable[[], object]) -> float:
    """Return how many seconds one call takes."""
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
    """Return the ratios that the project has set itself: each round's own, so that a busy moment hits both sides."""
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
