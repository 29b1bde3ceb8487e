"""The JSON Schemas of the documents, generated from the models that read and write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic.json_schema import GenerateJsonSchema

from .captured_request import CapturedRequest
from .drift import DriftEvent, DriftReport
from .golden import GoldenRequests
from .job import Job
from .manifest import Manifest, ModelDescription
from .outcome import Outcome
from .profile import Profile
from .record import Record
from .text import TextDescription

if TYPE_CHECKING:
    from pydantic import BaseModel

SCHEMA_DIRECTORY = Path(__file__).resolve().parents[3] / "schema"
#: The custom resource's code ships without the optimizer's.
_RECORD_DIRECTORY = SCHEMA_DIRECTORY.parents[1] / "runtime" / "build_runner" / "src" / "model_builds" / "versions"

_DOCUMENTS: dict[str, type[BaseModel]] = {
    "job": Job,
    "outcome": Outcome,
    "manifest": Manifest,
    "model": ModelDescription,
    "golden": GoldenRequests,
    "record": Record,
    "profile": Profile,
    "drift": DriftReport,
    "drift-event": DriftEvent,
    "captured-request": CapturedRequest,
    "text": TextDescription,
}


def schema_texts() -> dict[str, str]:
    """Return the text of every schema by file name."""
    return {f"{name}.schema.json": _text(name, document) for name, document in _DOCUMENTS.items()}


def schema_file(name: str, directory: Path = SCHEMA_DIRECTORY) -> Path:
    """Return where a schema is kept: with the code that reads it, or in a directory of the caller's choice."""
    kept_elsewhere = name == "record.schema.json" and directory == SCHEMA_DIRECTORY
    return (_RECORD_DIRECTORY if kept_elsewhere else directory) / name


def export_schemas(directory: Path) -> list[Path]:
    """Write all schemas into `directory` and return their files."""
    written = []
    for name, text in schema_texts().items():
        file = schema_file(name, directory)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        written.append(file)
    return written


class _WithoutTitlesOfMembers(GenerateJsonSchema):
    """Leaves out titles that repeat the name of a member, as generators of types make a type of each title."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - pydantic's hook
        return False


def _text(name: str, document: type[BaseModel]) -> str:
    # What a writer may leave out differs from what a reader finds: job.json is read by us, the others are written.
    mode: Literal["validation", "serialization"] = "validation" if document is Job else "serialization"
    schema = document.model_json_schema(by_alias=True, mode=mode, schema_generator=_WithoutTitlesOfMembers)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"{name}.json"}
    return json.dumps({**schema, **head}, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
