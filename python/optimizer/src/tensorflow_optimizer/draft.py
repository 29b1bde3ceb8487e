"""What `run` leaves for `publish`: OUT/draft.json beside OUT/model/."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from .manifest import Draft, File, Manifest, ModelDescription, Runtime

if TYPE_CHECKING:
    from pathlib import Path

#: Names inside the output directory of `run`.
DRAFT_FILE = "draft.json"
MODEL_DIRECTORY = "model"
OUTCOME_FILE = "outcome.json"
REPORT_DIRECTORY = "report"
GOLDEN_FILE = "golden.json"
SERVER_DIRECTORY = "server"
#: Inside MODEL_DIRECTORY, for the format litert. For saved_model the directory is the SavedModel.
LITERT_FILE = "model.tflite"

__all__ = [
    "DRAFT_FILE",
    "GOLDEN_FILE",
    "LITERT_FILE",
    "MODEL_DIRECTORY",
    "OUTCOME_FILE",
    "REPORT_DIRECTORY",
    "SERVER_DIRECTORY",
    "Draft",
    "describe",
    "forget_model",
    "read_draft",
    "to_manifest",
    "write_draft",
]


def write_draft(output: Path, draft: Draft) -> None:
    """Write OUT/draft.json."""
    (output / DRAFT_FILE).write_text(draft.to_json(), encoding="utf-8")


def read_draft(output: Path) -> Draft:
    """Read OUT/draft.json."""
    return Draft.model_validate_json((output / DRAFT_FILE).read_text(encoding="utf-8"))


def forget_model(output: Path) -> None:
    """Remove what a failed or an earlier run left: publish must find a complete model, or none."""
    for directory in (MODEL_DIRECTORY, SERVER_DIRECTORY):
        shutil.rmtree(output / directory, ignore_errors=True)
    for file in (DRAFT_FILE, GOLDEN_FILE):
        (output / file).unlink(missing_ok=True)


def to_manifest(  # noqa: PLR0913 - the five facts that only publishing knows
    draft: Draft, *, version: int, files: list[File], created: str, build_id: str, build_key: str
) -> Manifest:
    """Complete a draft with what only publishing knows."""
    known = {name: getattr(draft, name) for name in Draft.model_fields}
    return Manifest(**known, version=version, files=files, created=created, build_id=build_id, build_key=build_key)


def describe(draft: Draft, version: int) -> ModelDescription:
    """Return model.json, which lies beside model.tflite in the layer."""
    return ModelDescription(
        model=draft.model,
        version=version,
        file=LITERT_FILE,
        runtime=draft.requirements.runtime or Runtime.NUMPY,
        reset_state=draft.reset_state,
        default_signature=draft.default_signature,
        signatures=draft.signatures,
        labels=draft.labels,
    )
