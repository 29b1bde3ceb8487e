"""Describes local models and data as in job.json."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..documents.document import sha256_of
from ..documents.job import Evaluation, Identity, Packaging, Source, StudentModel
from ..sources.digest import file_digest

if TYPE_CHECKING:
    from pathlib import Path


def source_of(model: Path) -> Source:
    """Return the record of a model to optimize."""
    return Source(packaging=_packaging(model), file_name=_file_name(model), identity=_identity(model))


def evaluation_of(data: Path) -> Evaluation:
    """Return the record of evaluation data."""
    return Evaluation(packaging=_packaging(data), file_name=_file_name(data), identity=_identity(data))


def student_of(model: Path) -> StudentModel:
    """Return the record of a model to train."""
    return StudentModel(packaging=_packaging(model), file_name=_file_name(model), identity=_identity(model))


def rest_name_of(model: Path) -> str:
    """Derive a model's REST name from its file name."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", model.resolve().stem).strip("-._")[:63].strip("-._") or "model"


def _packaging(path: Path) -> Packaging:
    return Packaging.ZIP if path.is_dir() else Packaging.FILE


def _file_name(path: Path) -> str | None:
    return None if path.is_dir() else path.name


def _identity(path: Path) -> Identity:
    if path.is_file():
        return Identity(digest=file_digest(path))
    files = sorted(file for file in path.rglob("*") if file.is_file())
    lines = (f"{file_digest(file)}  {file.relative_to(path).as_posix()}\n" for file in files)
    return Identity(digest=sha256_of("".join(lines).encode()))
