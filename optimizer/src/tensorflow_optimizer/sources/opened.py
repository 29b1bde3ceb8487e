"""Opens a model as one of two forms: a SavedModel, or a .tflite file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from ..errors import OptimizerError
from .detect import Found, SourceKind, locate
from .digest import digest_of
from .keras_files import export_keras
from .saved_model_files import read_files, read_meta_graph

if TYPE_CHECKING:
    from pathlib import Path

    from ..documents.job import Source


@dataclass(frozen=True)
class SavedModelSource:
    """A SavedModel: the user's, exported by Keras, or trained here."""

    kind: SourceKind
    """The kind of the user's model."""
    digest: str
    size_bytes: int
    """Of the files that were read."""
    tensorflow_version: str | None
    """The version that wrote the SavedModel; None: unknown."""
    tags: list[str]
    directory: Path
    meta_graph: Any
    """Its MetaGraphDef."""


@dataclass(frozen=True)
class TfliteSource:
    """A .tflite file."""

    digest: str
    size_bytes: int
    file: Path
    kind: ClassVar = SourceKind.TFLITE
    tensorflow_version: ClassVar[str | None] = None


OpenedSource: TypeAlias = SavedModelSource | TfliteSource


def saved_model_of(source: OpenedSource) -> SavedModelSource:
    """Return the source as a SavedModel.

    Raises:
        OptimizerError: it is a .tflite file, which earlier checks refuse with a better message.
    """
    if isinstance(source, TfliteSource):
        raise OptimizerError("there is no SavedModel: the source is a .tflite file")
    return source


def open_source(path: Path, source: Source, work: Path) -> OpenedSource:
    """Find, check and open the model at `path`.

    Args:
        path: A directory or a file.
        source: The job's description of it.
        work: A directory for intermediate files.
    """
    found = locate(path)
    if found.kind is SourceKind.SAVED_MODEL:
        return _saved_model(found.path, source.tags)
    if found.kind is SourceKind.TFLITE:
        return TfliteSource(_file_digest(found), found.path.stat().st_size, found.path)
    exported = work / "exported"
    export_keras(found.path, found.kind, exported)
    opened = _saved_model(exported, ["serve"])
    size_bytes = found.path.stat().st_size
    return replace(opened, kind=found.kind, digest=_file_digest(found), size_bytes=size_bytes)


def _saved_model(directory: Path, tags: list[str]) -> SavedModelSource:
    meta_graph = read_meta_graph(directory, tags)
    files = read_files(directory, meta_graph)
    return SavedModelSource(
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
