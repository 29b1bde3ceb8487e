"""Tries random schedules of deliveries, with Hypothesis.

Reads `{"definition", "count", "seed", "shrinks"}` from each line of standard input, and writes a line of JSON: how many
were tried, what happened in them, and the schedule in which an invariant does not hold.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
SOURCES = [ROOT / "runtime" / room / "src" for room in ("model_delivery", "build_runner", "shared")]
# MiniStack and JSONata are the emulator's; what both environments have comes from this one.
sys.path += [*map(str, SOURCES), *map(str, (ROOT / ".tools" / "emulator").glob("lib/python*/site-packages"))]

import interpreter
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from invariants import ViolationError
from schedule import DELAYS, GAPS, REPEATS, Operation, Schedule

KINDS = ("upload", "upload", "start", "deploy", "prune", "parameters")
OPERATIONS = st.lists(
    st.builds(
        Operation,
        st.sampled_from(KINDS),
        st.integers(0, len(GAPS) - 1),
        st.integers(0, 3),
        st.integers(0, len(DELAYS) * len(REPEATS) - 1),
    ),
    min_size=1,
    max_size=8,
)
#: Bytes that decide the choices of a schedule; choices after them take the simplest way.
CHOICES = st.binary(min_size=240, max_size=240)


def tried(asked: dict[str, Any]) -> dict[str, Any]:
    """Try as many schedules as asked for; stop at the first that breaks an invariant, and shorten it."""
    interpreter.check(asked["definition"])
    definition = json.dumps(asked["definition"])
    counts: Counter[str] = Counter()
    found: dict[str, Any] = {"violation": None}

    @seed(asked["seed"])
    @settings(
        max_examples=asked["count"],
        deadline=None,
        database=None,
        phases=[Phase.generate, *([Phase.shrink] if asked["shrinks"] else [])],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(OPERATIONS, CHOICES)
    def holds(operations: list[Operation], choices: bytes) -> None:
        counts["tried"] += found["violation"] is None
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                summary = Schedule(definition, operations, choices).run()
        except ViolationError as error:
            found["violation"] = {
                "name": error.name,
                "what": str(error),
                "operations": [asdict(operation) for operation in operations],
                "choices": {index: byte for index, byte in enumerate(choices) if byte},
            }
            raise
        counts.update(
            {
                "executions": summary.executions,
                "overlapped": summary.overlapped,
                "crashed": summary.crashed > 0,
                "rolledBack": summary.rolled_back > 0,
                "pruned": summary.pruned > 0,
            }
        )

    with contextlib.suppress(ViolationError):
        holds()
    return {**counts, **found}


def main() -> None:
    """Answer each line."""
    for line in sys.stdin:
        sys.stdout.write(json.dumps(tried(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
