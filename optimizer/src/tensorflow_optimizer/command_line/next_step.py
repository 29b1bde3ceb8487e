"""The commands that `optimize`, `report` and `predict` name as the next step."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from ..documents.draft import DRAFT_FILE, MODEL_DIRECTORY
from ..documents.text import TEXT_FILE

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Formats of rows that `compare` reads.
_DATA = frozenset({".npz", ".jsonl", ".csv", ".parquet"})


def publish_command(config: Path, out: Path, model: str) -> str:
    """Return the command that publishes what a job made.

    Args:
        config: The job.
        out: The job's output.
        model: The name of the model.
    """
    return (
        f"cdk-tensorflow publish --config {shlex.quote(str(config))} --output {shlex.quote(str(out))} --bucket BUCKET "
        f"--model-prefix {model}"
    )


def after_predict(models: Sequence[str], rows: str, *, is_local: bool) -> str:
    """Return what shows more of the models that `predict` asked.

    Args:
        models: The model, and a second one that it was compared with.
        rows: The rows.
        is_local: All models are on this machine.
    """
    asked = f"cdk-tensorflow predict {shlex.quote(models[0])} {shlex.quote(rows)}"
    if len(models) == 1:
        return f"{asked} --compare MODEL, for the rows that another model answers otherwise"
    files = [_file_of(Path(model)) for model in models] if is_local and Path(rows).suffix.lower() in _DATA else []
    if files and None not in files:
        first, second = (shlex.quote(str(file)) for file in files)
        return f"cdk-tensorflow compare {first} {second} --data {shlex.quote(rows)}, for accuracy and latency"
    return f"{asked} --compare {shlex.quote(models[1])} --json, for all values of the rows that differ"


def _file_of(model: Path) -> Path | None:
    """Return the model itself: `compare` takes no directory of `optimize`, and no version that takes text."""
    made = model / MODEL_DIRECTORY
    if not (model / DRAFT_FILE).is_file():
        return model
    return None if (made / TEXT_FILE).is_file() else next(made.glob("*.tflite"), made)
