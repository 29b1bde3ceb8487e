"""Measures how much of what full-integer quantization loses is won back. See lab/benchmark/README.md."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmark.optimizer.rows import FLOAT32, Row, optimized, quantization, steps
from benchmark.recovery.networks import NETWORKS, Network, trained
from benchmark.running import asked, conditions, write_results

if TYPE_CHECKING:
    from benchmark.optimizer.mnist import Trained

PLAIN = "fullInteger()"
RECOVERED = "recovered"
#: Limit of the gate for the loss, so high that the plain quantization passes and its loss can be measured.
_MOST_LOSS = 0.95


def main() -> None:
    """Train, quantize, measure, write the results and print them."""
    runs = asked(__doc__, "runs", 1, 3)
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="bench-recovery-") as directory:
        measured = [_measured(network, seed, Path(directory)) for network in NETWORKS for seed in range(runs)]
    result = {**conditions(before), "runs": runs, "networks": measured}
    write_results("recovery", result, to_markdown(result))


def _measured(network: Network, seed: int, root: Path) -> dict[str, Any]:
    _say(f"{network.name}, run {seed + 1}: training …")
    out = root / f"{network.activation}-{seed}"
    model = trained(network, seed, out)
    step = quantization("fullInteger")
    recipes = {
        FLOAT32: {"kind": "none"},
        PLAIN: steps(step),
        RECOVERED: steps({**step, "recover": network.recover}),
    }
    accuracy, minutes = {}, {}
    for number, (name, recipe) in enumerate(recipes.items()):
        _say(f"{network.name}, run {seed + 1}: {name} …")
        job = out / f"job-{number}"
        start = time.monotonic()
        row = optimized(name, model.directory, model.data, job, seed, ("litert", recipe), allowed=_MOST_LOSS)
        minutes[name] = (time.monotonic() - start) / 60
        accuracy[name] = _accuracy(row, model)
    gained = max(0.0, _gained(job))
    lost = accuracy[FLOAT32] + gained - accuracy[PLAIN]
    back = (accuracy[RECOVERED] - accuracy[PLAIN]) / lost if lost > 0 else None
    return {
        "network": network.name,
        "recover": network.recover,
        "seed": seed,
        "accuracy": accuracy,
        "chosen": row.chosen,
        "gainedByTrainedFloats": gained,
        "back": back,
        "minutes": minutes,
    }


def _accuracy(row: Row, model: Trained) -> float:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(row.path), num_threads=2)
    [signature] = interpreter.get_signature_list()
    runner = interpreter.get_signature_runner(signature)
    [given], [output] = runner.get_input_details(), runner.get_output_details()
    decided = [int(runner(**{given: image[None]})[output].argmax()) for image in model.images]
    right = [found == int(label) for found, label in zip(decided, model.labels, strict=True)]
    return sum(right) / len(right)


def _gained(job: Path) -> float:
    """Return by how much floats that are trained equally long become more accurate, on the rows of the gate."""
    draft = json.loads((job / "output" / "draft.json").read_text(encoding="utf-8"))
    [name] = draft["signatures"][draft["defaultSignature"]]["outputs"]
    reached = draft["evaluation"]["outputs"][name]["accuracyOfTrainedFloats"]
    return 0.0 if reached is None else float(reached - draft["original"]["outputs"][name]["accuracy"])


def to_markdown(result: dict[str, Any]) -> str:
    """Render the page."""
    about = (
        f"{result['runs']} runs with seeds of their own on {result['machine']}, Python {result['python']}. Accuracy is "
        "of 10,000 digits by other writers. What is won back is counted against floats, or against floats that were "
        "trained equally long where those became better on the job's rows. Made by `npm run bench -- recovery`; how: "
        "[lab/benchmark/README.md](../README.md)."
    )
    lines = [
        "# What full-integer quantization loses, and how much is won back",
        "",
        about,
        "",
        f"| network | `recover` | seed | floats | floats gained | `{PLAIN}` | recovered | published | back | minutes |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *map(_row, result["networks"]),
    ]
    return "\n".join(lines) + "\n"


def _row(row: dict[str, Any]) -> str:
    accuracy = row["accuracy"]
    cells = [
        row["network"],
        f"`{row['recover']}`",
        str(row["seed"]),
        f"{accuracy[FLOAT32]:.2%}",
        f"{row['gainedByTrainedFloats'] * 100:.2f} points",
        f"{accuracy[PLAIN]:.2%}",
        f"{accuracy[RECOVERED]:.2%}",
        f"`{row['chosen']}`",
        "nothing was lost" if row["back"] is None else f"{row['back']:.0%}",
        f"{row['minutes'][RECOVERED]:.1f}",
    ]
    return f"| {' | '.join(cells)} |"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
