"""A model that was found, proved whole, and brought into one of two forms: a SavedModel, or a .tflite file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .detect import Found, SourceKind, locate
from .digest import digest_of
from .keras_files import export_keras
from .saved_model_files import read_files, read_meta_graph

if TYPE_CHECKING:
    from pathlib import Path

    from ..documents.job import Source


@dataclass(frozen=True)
class OpenedSource:
    """What the rest of the job works with."""

    kind: SourceKind
    digest: str
    size_bytes: int
    """Of the files that were read."""
    tensorflow_version: str | None
    tags: list[str]
    directory: Path | None = None
    """The SavedModel: the user's, or what Keras exported."""
    meta_graph: Any = None
    """Its MetaGraphDef."""
    file: Path | None = None
    """The .tflite file."""


def open_source(path: Path, source: Source, work: Path) -> OpenedSource:
    """Find, check and open the model at `path`.

    Args:
        path: A directory or a file.
        source: What the job says about it.
        work: A directory for what has to be written on the way.
    """
    found = locate(path)
    if found.kind is SourceKind.SAVED_MODEL:
        return _saved_model(found.path, source.tags)
    if found.kind is SourceKind.TFLITE:
        return OpenedSource(found.kind, _file_digest(found), found.path.stat().st_size, None, [], file=found.path)
    exported = work / "exported"
    export_keras(found.path, found.kind, exported)
    opened = _saved_model(exported, ["serve"])
    return OpenedSource(
        found.kind,
        _file_digest(found),
        found.path.stat().st_size,
        opened.tensorflow_version,
        opened.tags,
        opened.directory,
        opened.meta_graph,
    )


def _saved_model(directory: Path, tags: list[str]) -> OpenedSource:
    meta_graph = read_meta_graph(directory, tags)
    files = read_files(directory, meta_graph)
    return OpenedSource(
        SourceKind.SAVED_MODEL,
        digest_of(directory, files),
        sum(file.stat().st_size for file in files),
        meta_graph.meta_info_def.tensorflow_version or None,
        tags,
        directory,
        meta_graph,
    )


def _file_digest(found: Found) -> str:
    return digest_of(found.path.parent, [found.path])
