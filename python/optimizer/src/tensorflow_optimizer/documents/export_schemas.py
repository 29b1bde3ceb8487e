"""The JSON Schemas of the documents, generated from the models that read and write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .job import Job
from .manifest import Manifest, ModelDescription
from .outcome import Outcome

if TYPE_CHECKING:
    from .document import Document

SCHEMA_DIRECTORY = Path(__file__).resolve().parents[3] / "schema"

_DOCUMENTS: dict[str, type[Document]] = {
    "job": Job,
    "outcome": Outcome,
    "manifest": Manifest,
    "model": ModelDescription,
}


def schema_texts() -> dict[str, str]:
    """Return the text of every schema by file name."""
    return {f"{name}.schema.json": _text(name, document) for name, document in _DOCUMENTS.items()}


def export_schemas(directory: Path) -> list[Path]:
    """Write all schemas into `directory` and return their files."""
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in schema_texts().items():
        file = directory / name
        file.write_text(text, encoding="utf-8")
        written.append(file)
    return written


def _text(name: str, document: type[Document]) -> str:
    # What a writer may leave out differs from what a reader finds: job.json is read by us, the others are written.
    mode: Literal["validation", "serialization"] = "validation" if document is Job else "serialization"
    schema = document.model_json_schema(by_alias=True, mode=mode)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"{name}.json"}
    return json.dumps({**schema, **head}, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
