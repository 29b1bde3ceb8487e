"""Measures cold starts, interleaved: `npm run bench:cold`. See benchmark/README.md."""

from __future__ import annotations

import json
import marshal
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "test" / "stand_ins"))

from benchmark.cold.layout import lay_out
from benchmark.cold.subjects import BARE, EMPTY, Start, Subject, start_client, start_process, subjects
from benchmark.cold.tables import CLIENT, PROCESS, ratios, summarize, to_markdown
from benchmark.digits import DIGITS, images, optimize
from benchmark.running import asked, conditions, rounds_of, write_results

LEAST_ROUNDS = 11


def main() -> None:
    """Measure, write the results and print them."""
    rounds = asked(__doc__, "rounds", LEAST_ROUNDS, 15)
    with tempfile.TemporaryDirectory() as directory:
        result = measure(Path(directory), rounds)
    write_results("cold", result, to_markdown(result))


def measure(root: Path, rounds: int) -> dict[str, Any]:
    """Start every subject once per round, so that interference from other processes affects all alike."""
    print("optimizing the model …", file=sys.stderr)
    model, candidate = optimize(root)
    layout = lay_out(root)
    event = {"data": images()[0]}
    event_file = root / "event"
    event_file.write_bytes(marshal.dumps(event))
    compared = subjects(layout, model, DIGITS / "saved_model")
    bare = Subject(BARE)
    in_python = [subject for subject in compared if subject.program is None]
    tables: dict[str, dict[str, list[Start]]] = {
        PROCESS: {subject.name: [] for subject in (*in_python, bare)},
        CLIENT: {subject.name: [] for subject in compared},
    }
    load_before = os.getloadavg()[0]
    for number in rounds_of(rounds):  # the one that is not counted warms the page cache
        for subject in (*in_python, bare):
            started = start_process(subject, layout, event_file)
            if number >= 0:
                tables[PROCESS][subject.name].append(started)
        for subject in compared:
            started = start_client(subject, layout, event)
            if number >= 0:
                tables[CLIENT][subject.name].append(started)
    check_answers(tables)
    summaries = {name: summarize(starts) for name, starts in tables.items()}
    return {
        "rounds": rounds,
        **conditions(load_before),
        "candidate": candidate,
        "tables": summaries,
        "ratios": ratios(summaries),
    }


def check_answers(tables: dict[str, dict[str, list[Start]]]) -> None:
    """Count a start only with the right answer: all subjects that predict must return the same digit."""
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
