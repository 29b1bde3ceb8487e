"""Compares the optimizer's models with conversion by hand. See lab/benchmark/README.md."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmark.optimizer.cnn import trained
from benchmark.optimizer.environment import basic_pitch
from benchmark.optimizer.load import load_milliseconds
from benchmark.optimizer.measure import measure
from benchmark.optimizer.processor import found
from benchmark.optimizer.rows import LOADED, ORIGINAL, RECIPES, Row, by_hand, optimized, stock
from benchmark.optimizer.tables import combine, to_markdown
from benchmark.optimizer.targets import targets
from benchmark.running import asked, conditions, write_results

if TYPE_CHECKING:
    from benchmark.optimizer.mnist import Trained

_LOAD_ROUNDS = 15


def main() -> None:
    """Optimize, measure, write the results and print them."""
    runs = asked(__doc__, "runs", 1, 3)
    before = os.getloadavg()[0]
    _say("training the CNN, once …")
    model = trained()
    with tempfile.TemporaryDirectory(prefix="bench-optimizer-") as directory:
        root = Path(directory)
        measured = [_run(model, root / str(seed), seed) for seed in range(runs)]
        loads = _loads(root / "loads")
    rows, features = combine(measured), found()
    result = {
        **conditions(before),
        "runs": runs,
        "processorHas": features,
        "rows": rows,
        "loadRounds": _LOAD_ROUNDS,
        "loadMilliseconds": loads,
        "targets": [target.record(features) for target in targets(rows, loads)],
    }
    write_results("optimizer", result, to_markdown(result))


def _run(model: Trained, out: Path, seed: int) -> list[dict[str, Any]]:
    out.mkdir()
    rows = [Row(ORIGINAL, model.directory, "Keras's export")]
    for number, name in enumerate(RECIPES):
        _say(f"run {seed + 1}: {name} …")
        rows.append(optimized(name, model.directory, model.data, out / f"job-{number}", seed))
    _say(f"run {seed + 1}: others …")
    converted = by_hand(model.directory, out)
    rows += [*converted, *stock(model, converted[0].path, out)]
    _say(f"run {seed + 1}: measuring {len(rows)} models …")
    return measure(rows, model.images, model.labels)


def _loads(out: Path) -> dict[str, list[float]]:
    """Load basic-pitch unchanged, stripped, and frozen."""
    models = {ORIGINAL: basic_pitch()}
    for number, name in enumerate(LOADED):
        _say(f"basic-pitch: {name} …")
        made = optimized(name, models[ORIGINAL], None, out / str(number), 0)
        if made.chosen != name.removesuffix("()"):
            raise RuntimeError(f"{name} of basic-pitch fell back to {made.chosen}: there is nothing to compare")
        models[name] = made.path
    return load_milliseconds(models, _LOAD_ROUNDS)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
