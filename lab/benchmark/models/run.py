"""Measures architectures in the native program and in the bare library. See lab/benchmark/README.md."""

from __future__ import annotations

import os
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "optimizer" / "src"))
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "runtime" / "shared" / "src"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "stand_ins"))

from benchmark.models.architectures import ARCHITECTURES
from benchmark.models.build import TYPES
from benchmark.models.tables import summary, targets, to_markdown
from benchmark.models.trials import Subject
from benchmark.optimizer.processor import found, name
from benchmark.running import asked, conditions, rounds_of, run_quietly, write_results


def main() -> None:
    """Build the models, measure them, write the results and print them."""
    rounds = asked(__doc__, "rounds", 1, 7)
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="bench-models-") as directory:
        subjects = _built(Path(directory))
        rows = _measured(subjects, rounds)
    has = found()
    result = {
        "rounds": rounds,
        **conditions(before),
        "processor": name(),
        "processorHas": has,
        "rows": rows,
        "targets": targets(rows, has),
    }
    write_results("models", result, to_markdown(result))


def _built(root: Path) -> list[Subject]:
    subjects = []
    for number, architecture in enumerate(ARCHITECTURES):
        print(f"building {architecture.name} …", file=sys.stderr, flush=True)
        directory = root / str(number)
        run_quietly(sys.executable, str(Path(__file__).with_name("build.py")), str(number), str(directory))
        subjects += [Subject(architecture, kind, directory / kind) for kind in TYPES]
    return subjects


def _measured(subjects: list[Subject], rounds: int) -> list[dict[str, Any]]:
    """Measure every model once a round, in an order of the round's own."""
    trials: list[list[dict[str, float | None]]] = [[] for _ in subjects]
    for number in rounds_of(rounds):
        order = list(range(len(subjects)))
        random.Random(number).shuffle(order)  # noqa: S311 - the same orders in each run
        for position in order:
            trial = subjects[position].trial()
            if number >= 0:
                trials[position].append(trial)
    return [
        {
            "architecture": subject.architecture.name,
            "convolutional": subject.architecture.is_convolutional,
            "type": subject.kind,
            "bytes": subject.size,
            "batch": subject.batch,
            **{key: summary([trial[key] for trial in found]) for key in found[0]},
        }
        for subject, found in zip(subjects, trials, strict=True)
    ]


if __name__ == "__main__":
    main()
