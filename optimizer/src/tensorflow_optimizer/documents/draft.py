"""OUT/draft.json, which `run` leaves beside OUT/model/ for `publish`."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from cdk_tensorflow_shared.build_key import build_key as key_of
from pydantic import ValidationError

from ..errors import OptimizerError
from .document import problems_of
from .manifest import Draft, File, Manifest, ModelDescription, Runtime
from .profile import PROFILE_FILE

if TYPE_CHECKING:
    from pathlib import Path

#: Names inside the output directory of `run`.
DRAFT_FILE = "draft.json"
MODEL_DIRECTORY = "model"
OUTCOME_FILE = "outcome.json"
REPORT_DIRECTORY = "report"
GOLDEN_FILE = "golden.json"
SERVER_DIRECTORY = "server"
#: Checksums of all the other files, written last. A published version has a file of this name, too, of its own files.
CHECKSUMS_FILE = "SHA256SUMS"
#: Name of the model in MODEL_DIRECTORY, for the format litert. For saved_model the directory is the SavedModel.
LITERT_FILE = "model.tflite"

__all__ = [
    "CHECKSUMS_FILE",
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
    "key_draft",
    "read_draft",
    "to_manifest",
    "write_draft",
]


def write_draft(output: Path, draft: Draft) -> None:
    """Write OUT/draft.json."""
    (output / DRAFT_FILE).write_text(draft.to_json(), encoding="utf-8")


def key_draft(output: Path, job: bytes) -> None:
    """Note in OUT/draft.json which job.json it was made from: publish files it under that key, and no other."""
    write_draft(output, read_draft(output).model_copy(update={"build_key": key_of(json.loads(job))}))


def read_draft(output: Path) -> Draft:
    """Read OUT/draft.json.

    Raises:
        OptimizerError: it is not there, or not whole.
    """
    path = output / DRAFT_FILE
    try:
        return Draft.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise OptimizerError(f"{path} is missing: the output of `run` was changed; run it again") from error
    except ValidationError as error:
        raise OptimizerError(
            f"{path} is not what `run` leaves ({problems_of(error)}): the output of `run` was changed, or another "
            "version of the optimizer made it; run it again"
        ) from error


def forget_model(output: Path) -> None:
    """Remove what a failed or an earlier run left: publish must find a complete model, or none."""
    for directory in (MODEL_DIRECTORY, SERVER_DIRECTORY):
        shutil.rmtree(output / directory, ignore_errors=True)
    for file in (CHECKSUMS_FILE, DRAFT_FILE, GOLDEN_FILE, PROFILE_FILE):
        (output / file).unlink(missing_ok=True)


def to_manifest(  # noqa: PLR0913 - the facts that only publishing knows
    draft: Draft,
    *,
    version: int,
    files: list[File],
    created: str,
    build_id: str,
    build_key: str,
    documents: list[File] | None = None,
    golden_sha256: str | None = None,
) -> Manifest:
    """Complete a draft with what only publishing knows."""
    known = {name: getattr(draft, name) for name in Draft.model_fields if name != "build_key"}
    return Manifest(
        **known,
        version=version,
        files=files,
        documents=documents or [],
        golden_sha256=golden_sha256,
        created=created,
        build_id=build_id,
        build_key=build_key,
    )


def describe(draft: Draft, version: int, sha256: str | None = None) -> ModelDescription:
    """Return model.json, which lies beside model.tflite in the layer."""
    return ModelDescription(
        schema_version=1,
        model=draft.model,
        version=version,
        file=LITERT_FILE,
        sha256=sha256,
        runtime=draft.requirements.runtime or Runtime.NUMPY,
        reset_state=draft.reset_state,
        default_signature=draft.default_signature,
        signatures=draft.signatures,
        labels=draft.labels,
        text=draft.text,
    )
