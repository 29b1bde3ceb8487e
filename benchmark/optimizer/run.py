"""Measures what the optimizer makes against what a user would do by hand. See benchmark/README.md."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmark.optimizer.cnn import Trained, trained
from benchmark.optimizer.environment import REPOSITORY, basic_pitch
from benchmark.optimizer.measure import load_milliseconds, measure
from benchmark.optimizer.rows import ORIGINAL, RECIPES, Row, by_hand, optimized, stock
from benchmark.optimizer.tables import combine, to_markdown

RESULTS = REPOSITORY / "benchmark" / "results"


def main() -> None:
    """Optimize, measure, write the results and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="how often everything is made and measured, 3 by default")
    runs = parser.parse_args().runs
    if runs < 1:
        parser.error(f"--runs must be at least 1, got {runs}")
    before = os.getloadavg()[0]
    _say("training the CNN, once …")
    model = trained()
    with tempfile.TemporaryDirectory(prefix="bench-optimizer-") as directory:
        root = Path(directory)
        measured = [_run(model, root / str(seed), seed) for seed in range(runs)]
        loads = _loads(root / "loads")
    result = {
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
        "runs": runs,
        "loadBefore": round(before, 2),
        "loadAfter": round(os.getloadavg()[0], 2),
        "rows": combine(measured),
        "loadMilliseconds": loads,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "optimizer.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    page = to_markdown(result)
    (RESULTS / "optimizer.md").write_text(page, encoding="utf-8")
    print(page)


def _run(model: Trained, out: Path, seed: int) -> list[dict[str, Any]]:
    out.mkdir()
    rows = [Row(ORIGINAL, model.directory, "Keras's export")]
    for number, name in enumerate(RECIPES):
        _say(f"run {seed + 1}: {name} …")
        rows.append(optimized(name, model.directory, model.data, out / f"job-{number}", seed))
    _say(f"run {seed + 1}: others …")
    converted = by_hand(model, out)
    rows += [*converted, *stock(model, converted[0].path, out)]
    _say(f"run {seed + 1}: measuring {len(rows)} models …")
    return measure(rows, model.images, model.labels)


def _loads(out: Path) -> dict[str, float]:
    """Load basic-pitch as it comes, stripped, and frozen."""
    source = basic_pitch()
    models = {ORIGINAL: source}
    for name, recipe in (("strip()", [{"step": "strip"}]), ("freeze()", [{"step": "freeze"}])):
        _say(f"basic-pitch: {name} …")
        RECIPES[name] = ("saved_model", {"kind": "steps", "steps": recipe})
        models[name] = optimized(name, source, None, out / name.strip("()"), 0).path
    return load_milliseconds(models)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
