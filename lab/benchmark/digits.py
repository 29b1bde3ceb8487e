"""The model of the benchmarks, optimized as in a deployment, and its input digits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
HANDLER = REPOSITORY / "runtime" / "handler" / "src"
#: Directories that the optimizer is imported from.
OPTIMIZER = [str(REPOSITORY / room / "src") for room in ("optimizer", "runtime/shared")]
DIGITS = REPOSITORY / "examples" / "digits"
RESULTS = REPOSITORY / "lab" / "benchmark" / "results"


def images() -> list[Any]:
    """Return the images in held_out.json."""
    held_out = json.loads((DIGITS / "held_out.json").read_text(encoding="utf-8"))
    while isinstance(held_out, dict):
        held_out = held_out.get("instances") or held_out.get("images") or next(iter(held_out.values()))
    return [row["image"] if isinstance(row, dict) else row for row in held_out]


def optimize(root: Path, recipe: dict[str, Any] | None = None, trained: Path = DIGITS) -> tuple[Path, str]:
    """Run the optimizer as a deployment does, and return the model directory and the chosen candidate.

    Args:
        root: Directory for the job and its output.
        recipe: Recipe of job.json, the default recipe if none.
        trained: Directory with `saved_model` and `evaluation.npz`.
    """
    job = root / "job.json"
    document = {**JOB, "toolchain": toolchain()} | ({"recipe": recipe} if recipe else {})
    job.write_text(json.dumps(document), encoding="utf-8")
    output = root / "optimized"
    subprocess.run(  # noqa: S603 - our own command
        [
            sys.executable,
            *("-m", "tensorflow_optimizer", "run", "--config", str(job), "--source", str(trained / "saved_model")),
            *("--evaluation", str(trained / "evaluation.npz"), "--output", str(output)),
        ],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(OPTIMIZER), "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    sys.path[:0] = OPTIMIZER
    from tensorflow_optimizer.documents.draft import describe, read_draft

    draft = read_draft(output)
    directory = output / "model"
    (directory / "model.json").write_text(describe(draft, 1).to_json(), encoding="utf-8")
    return directory, draft.candidate


def recommended(artifact: Path, rate: float, milliseconds: int) -> dict[str, Any]:
    """Return what `cdk-tensorflow recommend` answers of an artifact, for a rate and a 99th percentile."""
    tsx, program = REPOSITORY / "node_modules" / "tsx" / "dist" / "cli.mjs", REPOSITORY / "cli" / "main.ts"
    wanted = ["recommend", str(artifact), "--rate", str(rate), "--p99", f"{milliseconds}ms", "--json"]
    command = ["node", str(tsx), str(program), *wanted]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own command
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def toolchain() -> dict[str, Any]:
    """Return the installed versions for a job's toolchain."""
    sys.path[:0] = OPTIMIZER
    from tensorflow_optimizer.processes import environment

    versions = environment.versions()
    return {
        "behaviorVersion": int(versions["behavior"]),
        "tensorflow": versions["tensorflow"],
        "litert": versions["litert"],
    }


JOB = {
    "schemaVersion": 1,
    "model": "digits",
    "format": "litert",
    "source": {"packaging": "zip", "identity": {"digest": "0"}, "tags": ["serve"], "stateful": "refuse"},
    "evaluation": {"packaging": "file", "fileName": "evaluation.npz", "identity": {"digest": "0"}},
    "tasks": {},
    "recipe": {"kind": "forLiteRt", "steps": []},
    "seed": 0,
    "architecture": "x86_64",
}
