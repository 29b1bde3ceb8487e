"""The rows to compare: the optimizer's candidates, conversion by hand, and ai-edge-quantizer's stock recipes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.digits import OPTIMIZER, REPOSITORY, toolchain
from benchmark.optimizer.environment import quantizer_python

if TYPE_CHECKING:
    from pathlib import Path

    from benchmark.optimizer.mnist import Trained

_CALIBRATION = 200

ORIGINAL = "original SavedModel"
FLOAT32 = "none()"
FULL_INTEGER = "fullInteger()"
PRUNED = "magnitude(0.8), fullInteger()"
STUDENT = "into(SMALL), dynamicRange()"
STRIP = "strip()"
FREEZE = "freeze()"
BFLOAT16 = "freeze(), bfloat16()"
SEARCH = "search(SIZE, one point)"
BY_HAND = "TFLiteConverter, Optimize.DEFAULT"


@dataclass(frozen=True)
class Row:
    """A model to measure."""

    name: str
    path: Path
    """A .tflite file, or a SavedModel directory."""
    made_by: str
    chosen: str = ""
    """Name of the candidate that was taken, if there were several."""

    @property
    def is_litert(self) -> bool:
        """Tells whether the row runs in LiteRT rather than in TensorFlow's session."""
        return self.path.suffix == ".tflite"


def steps(*named: dict[str, Any]) -> dict[str, Any]:
    """Return a recipe of named steps."""
    return {"kind": "steps", "steps": list(named)}


def quantization(mode: str, operations: dict[str, str] | None = None) -> dict[str, Any]:
    """Return a step."""
    return {"step": "quantization", "mode": mode, **({"operations": operations} if operations else {})}


_INTEGER = quantization("fullInteger")
_DYNAMIC = quantization("dynamicRange")
#: Format and recipe of job.json by name.
RECIPES: dict[str, tuple[str, dict[str, Any]]] = {
    FLOAT32: ("litert", {"kind": "none"}),
    "float16()": ("litert", steps(quantization("float16"))),
    "dynamicRange()": ("litert", steps(_DYNAMIC)),
    FULL_INTEGER: ("litert", steps(_INTEGER)),
    PRUNED: ("litert", steps({"step": "pruning", "sparsity": 0.8}, _INTEGER)),
    STUDENT: ("litert", steps({"step": "distillation", "student": {"size": "small"}}, _DYNAMIC)),
    SEARCH: ("litert", {"kind": "search", "search": {"objective": "size", "maxAccuracyLoss": 0.01, "maxTrials": 20}}),
    STRIP: ("saved_model", steps({"step": "strip"})),
    BFLOAT16: ("saved_model", steps({"step": "freeze"}, quantization("bfloat16"))),
}
#: Recipes of the model that is only loaded.
LOADED: dict[str, tuple[str, dict[str, Any]]] = {
    STRIP: RECIPES[STRIP],
    FREEZE: ("saved_model", steps({"step": "freeze"})),
}
#: Stock recipes of ai-edge-quantizer.
STOCK = ("dynamic_wi8_afp32", "static_wi8_ai8", "weight_only_wi8_afp32", "dynamic_wi4_afp32")


def optimized(  # noqa: PLR0913, PLR0917 - the inputs of a job
    name: str,
    model: Path,
    data: Path | None,
    out: Path,
    seed: int,
    made: tuple[str, dict[str, Any]] | None = None,
    *,
    allowed: float = 0.05,
) -> Row:
    """Run one job with the command that a build runs.

    Args:
        name: Name of the row, and of one of the recipes above unless `made` is given.
        model: The model.
        data: Its evaluation data.
        out: Directory for the job.
        seed: Seed of the job.
        made: Format and recipe of job.json.
        allowed: The loss of accuracy, or the relative error, up to which a candidate is published.
    """
    model_format, recipe = made or (RECIPES | LOADED)[name]
    rules = [{"rule": "maxAccuracyLoss" if data else "maxRelativeError", "value": allowed}]
    job = {
        "model": "benchmark",
        "format": model_format,
        "source": {"packaging": "zip", "identity": {"digest": "0" * 64}},
        "evaluation": {"packaging": "file", "fileName": "data.npz", "identity": {"digest": "0" * 64}} if data else None,
        "recipe": recipe,
        # A search and the default have limits of their own; others are measured even if they lose what is allowed.
        "gate": None if recipe["kind"] in {"search", "forLiteRt"} else {"rules": rules},
        "seed": seed,
        "toolchain": toolchain(),
    }
    out.mkdir(parents=True)
    config = out / "job.json"
    config.write_text(json.dumps({key: value for key, value in job.items() if value is not None}), encoding="utf-8")
    evaluation = ["--evaluation", str(data)] if data else []
    done = subprocess.run(  # noqa: S603 - our own command
        [
            *(sys.executable, "-m", "tensorflow_optimizer", "run", "--config", str(config)),
            *("--source", str(model), *evaluation, "--output", str(out / "output")),
        ],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(OPTIMIZER)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{name}: exit code {done.returncode}: {done.stderr[-2000:]}")
    draft = json.loads((out / "output" / "draft.json").read_text(encoding="utf-8"))
    published = out / "output" / "model"
    path = published / "model.tflite" if model_format == "litert" else published
    return Row(name, path, "cdk-tensorflow", draft["candidate"])


def by_hand(directory: Path, out: Path) -> list[Row]:
    """Convert as in TensorFlow's guide: plain, and with `Optimize.DEFAULT`."""
    import tensorflow as tf

    rows: list[Row] = []
    for name, optimizations in (("TFLiteConverter", []), (BY_HAND, [tf.lite.Optimize.DEFAULT])):
        converter = tf.lite.TFLiteConverter.from_saved_model(str(directory))
        converter.optimizations = optimizations
        path = out / f"{len(rows)}.tflite"
        path.write_bytes(converter.convert())
        rows.append(Row(name, path, "by hand"))
    return rows


def stock(trained: Trained, float_model: Path, out: Path) -> list[Row]:
    """Quantize the plain conversion with ai-edge-quantizer's recipes."""
    samples = out / "samples.npy"
    np.save(samples, np.load(trained.data)["image"][:_CALIBRATION])
    python, program = quantizer_python(), REPOSITORY / "lab" / "benchmark" / "optimizer" / "quantize.py"
    rows = []
    for name in STOCK:
        path = out / f"{name}.tflite"
        subprocess.run(  # noqa: S603 - our own command
            [str(python), str(program), str(float_model), name, str(path), str(samples)],
            check=True,
            capture_output=True,
        )
        rows.append(Row(name, path, "ai-edge-quantizer"))
    return rows
