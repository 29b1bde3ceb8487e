"""Measures cold starts, interleaved: `npm run bench -- cold`. See lab/benchmark/README.md."""

from __future__ import annotations

import marshal
import os
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "stand_ins"))
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "optimizer" / "src"))
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "runtime" / "shared" / "src"))

from benchmark.cold.answers import check, check_answers
from benchmark.cold.layout import lay_out
from benchmark.cold.made import made_subjects
from benchmark.cold.starts import Start, start_client, start_process
from benchmark.cold.subjects import BARE, IN_PROCESS, TRUE, Subject, subjects
from benchmark.cold.tables import CLIENT, PROCESS, summarize, targets, to_markdown
from benchmark.digits import DIGITS, images, optimize
from benchmark.running import asked, conditions, rounds_of, write_results

LEAST_ROUNDS = 11
#: Rounds of slow subjects: a thousand starts of TensorFlow would take half an hour.
SLOW_ROUNDS = 50
SLOW_MILLISECONDS = 500


def main() -> None:
    """Measure, write the results and print them."""
    rounds = asked(__doc__, "rounds", LEAST_ROUNDS, 25)
    with tempfile.TemporaryDirectory() as directory:
        result = measure(Path(directory), rounds)
    write_results("cold", result, to_markdown(result))


def measure(root: Path, rounds: int) -> dict[str, Any]:
    """Start every subject once per round, so that interference from other processes affects all alike."""
    print("optimizing the model …", file=sys.stderr)
    model, candidate = optimize(root)
    layout = lay_out(root)
    made, left_out = made_subjects(root, layout, model)
    compared = [*subjects(layout, model, DIGITS / "saved_model"), *made]
    print("checking the answers …", file=sys.stderr)
    expected = check_answers(compared, layout, images())[0]
    event = {"data": images()[0]}
    event_file = root / "event"
    event_file.write_bytes(marshal.dumps(event))
    in_process = [*(subject for subject in compared if subject.name in IN_PROCESS), Subject(BARE), Subject(TRUE)]
    tables: dict[str, dict[str, list[Start]]] = {
        PROCESS: {subject.name: [] for subject in in_process},
        CLIENT: {subject.name: [] for subject in compared},
    }
    slow: set[tuple[str, str]] = set()
    load_before = os.getloadavg()[0]
    for number in rounds_of(rounds):  # the one that is not counted warms the page cache
        turns = [(PROCESS, subject) for subject in in_process] + [(CLIENT, subject) for subject in compared]
        # Shuffle: the subject before leaves the processor's caches fuller or emptier for the next one.
        random.Random(number).shuffle(turns)  # noqa: S311 - no secret
        for table, subject in turns:
            if number % max(1, rounds // SLOW_ROUNDS) and (table, subject.name) in slow:
                continue
            start = (
                start_process(subject, layout, event_file) if table == PROCESS else start_client(subject, layout, event)
            )
            if subject.name not in {BARE, TRUE}:
                check(subject.name, start.answer, expected)
            if number < 0 and start.milliseconds > SLOW_MILLISECONDS:
                slow.add((table, subject.name))
            if number >= 0:
                tables[table][subject.name].append(start)
    summaries = {name: summarize(starts) for name, starts in tables.items()}
    return {
        "rounds": rounds,
        **conditions(load_before),
        "candidate": candidate,
        "leftOut": left_out,
        "tables": summaries,
        "targets": targets(summaries[CLIENT], rounds),
    }


if __name__ == "__main__":
    main()
