"""Measures cold starts, one interleaved run: `npm run bench:cold`. See benchmark/README.md."""

from __future__ import annotations

import argparse
import json
import marshal
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmark.cold.layout import lay_out
from benchmark.cold.subjects import BARE, EMPTY, Start, Subject, start_client, start_process, subjects
from benchmark.cold.tables import CLIENT, PROCESS, ratios, summarize, to_markdown
from benchmark.digits import DIGITS, RESULTS, images, optimize

LEAST_ROUNDS = 11


def main() -> None:
    """Measure, write the results and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help=f"at least {LEAST_ROUNDS}, 15 by default")
    rounds = parser.parse_args().rounds
    if rounds < LEAST_ROUNDS:
        parser.error(f"--rounds must be at least {LEAST_ROUNDS}, got {rounds}")
    with tempfile.TemporaryDirectory() as directory:
        result = measure(Path(directory), rounds)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "cold.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    page = to_markdown(result)
    (RESULTS / "cold.md").write_text(page, encoding="utf-8")
    print(page)


def measure(root: Path, rounds: int) -> dict[str, Any]:
    """Start every subject once a round, so that whatever else the machine does hits all alike."""
    print("optimizing the model …", file=sys.stderr)
    model, candidate = optimize(root)
    layout = lay_out(root)
    event = {"data": images()[0]}
    event_file = root / "event"
    event_file.write_bytes(marshal.dumps(event))
    compared = subjects(layout, model, DIGITS / "saved_model")
    bare = Subject(BARE)
    tables: dict[str, dict[str, list[Start]]] = {
        PROCESS: {subject.name: [] for subject in (*compared, bare)},
        CLIENT: {subject.name: [] for subject in compared},
    }
    load_before = os.getloadavg()[0]
    for number in range(-1, rounds):  # one round more, not counted, warms the page cache
        print(f"\rround {max(number + 1, 0)} of {rounds}", end="", file=sys.stderr)
        for subject in (*compared, bare):
            started = start_process(subject, layout, event_file)
            if number >= 0:
                tables[PROCESS][subject.name].append(started)
        for subject in compared:
            started = start_client(subject, layout, event)
            if number >= 0:
                tables[CLIENT][subject.name].append(started)
    print(file=sys.stderr)
    check_answers(tables)
    summaries = {name: summarize(starts) for name, starts in tables.items()}
    return {
        "rounds": rounds,
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
        "python": platform.python_version(),
        "loadBefore": round(load_before, 2),
        "loadAfter": round(os.getloadavg()[0], 2),
        "candidate": candidate,
        "tables": summaries,
        "ratios": ratios(summaries),
    }


def check_answers(tables: dict[str, dict[str, list[Start]]]) -> None:
    """A start counts only with the right answer: all that predict must see the same digit."""
    seen = set()
    for starts in tables.values():
        for name, measured in starts.items():
            for start in measured if name not in {BARE, EMPTY} else ():
                (scores,) = json.loads(start.answer.replace("'", '"'))["prediction"]
                seen.add(scores.index(max(scores)))
    if len(seen) != 1:
        raise RuntimeError(f"the subjects disagree about the digit: {sorted(seen)}")


if __name__ == "__main__":
    main()
