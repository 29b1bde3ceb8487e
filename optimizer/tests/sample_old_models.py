"""SavedModels of old versions of TensorFlow, with those versions' answers (fixtures/old_saved_models/make.py)."""

from __future__ import annotations

import base64
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

DIRECTORY = Path(__file__).parent / "fixtures" / "old_saved_models"
NAMES = sorted(file.stem for file in DIRECTORY.glob("*.zip"))


@dataclass(frozen=True)
class OldModel:
    """A SavedModel."""

    directory: Path
    version: str
    """Version of TensorFlow that saved the model."""
    requests: dict[str, dict[str, Any]]
    """Inputs by signature."""
    answers: dict[str, dict[str, Any]]


def record_of(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DIRECTORY / f"{name}.json").read_text())
    return found


def unpack(name: str, work: Path) -> OldModel:
    shutil.unpack_archive(DIRECTORY / f"{name}.zip", work / name)
    record = record_of(name)
    signatures = record["signatures"]
    requests = {signature: _tensors(content["inputs"]) for signature, content in signatures.items()}
    answers = {signature: _tensors(content["outputs"]) for signature, content in signatures.items()}
    return OldModel(work / name, record["tensorflow"], requests, answers)


def _tensors(recorded: dict[str, Any]) -> dict[str, Any]:
    return {key: _tensor(value) for key, value in recorded.items()}


def _tensor(recorded: dict[str, Any]) -> Any:
    if recorded["dtype"] != "string":
        return np.array(recorded["values"], recorded["dtype"])
    texts = [base64.b64decode(entry) for entry in recorded["base64"]]
    return np.array(texts, dtype=object).reshape(recorded["shape"])
