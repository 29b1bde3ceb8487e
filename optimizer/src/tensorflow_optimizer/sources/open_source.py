"""Opens a model: a leaf describes it, and the judge reads what the leaf says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ..errors import BadInputError, OptimizerError
from ..sandbox import Wanted
from .ask import TASK, ask, check_files
from .description import EXPORTED, FILE, NAMED, SavedModelDescription, TfliteDescription
from .detect import SAVED_MODEL_FILES, SourceKind
from .digest import digest_of
from .made import describe_made
from .opened import FINGERPRINT, OpenedSource, SavedModelSource, TfliteSource
from .plain_files import refuse_links

if TYPE_CHECKING:
    from ..documents.job import Source
    from ..sandbox import Sandbox


def open_source(sandbox: Sandbox, path: Path, source: Source, work: Path, *, checksums: bool = True) -> OpenedSource:
    """Find, check and open the model at `path`, in a process of its own.

    Args:
        sandbox: Where models are opened.
        path: A directory or a file.
        source: The job's description of it.
        work: A directory for what Keras exports.
        checksums: Whether to compare a SavedModel's variables with their checksums. Otherwise only the sizes of their
            files are checked, which needs no TensorFlow.

    Raises:
        BadInputError: There is no such model, or it is damaged.
        UnsupportedError: It cannot be served.
    """
    if not path.exists():
        raise BadInputError(
            f"the source {path.name} does not exist; give a SavedModel directory, a .keras, an .h5 or a .tflite file"
        )
    path = path.absolute()
    if path.name in SAVED_MODEL_FILES and path.is_file():
        path = path.parent
    with sandbox.leaf(TASK, read=[path]) as leaf:
        said = ask(leaf, path, source, checksums=checksums)
        leaf.end()
        if isinstance(said, TfliteDescription):
            file = _inside(path, said.path, is_file=True)
            if said.named:
                leaf.take(Wanted.file(NAMED, FILE), work / NAMED)
            return _tflite(said, file, work / NAMED / FILE if said.named else file)
        if said.kind is SourceKind.SAVED_MODEL:
            return _saved_model(said, _inside(path, said.path, is_file=False))
        file = _inside(path, said.path, is_file=True)
        leaf.take(Wanted.saved_model(EXPORTED), work / EXPORTED)
    anew = describe_made(sandbox, work / EXPORTED, source.allowed_operations)
    return _saved_model(replace(anew, kind=said.kind), work / EXPORTED, file)


def _inside(root: Path, below: str, *, is_file: bool) -> Path:
    """Return the path of the model that a leaf found.

    Raises:
        OptimizerError: It names another one than those below the path that was given.
        BadInputError: A link leads to it.
    """
    refuse_links(root, [below])
    place, parts = root / below, PurePosixPath(below).parts
    if ".." in parts or PurePosixPath(below).is_absolute() or place.is_file() != is_file or not place.exists():
        raise OptimizerError(f"the process that opened the model says that it is at {below!r}, where there is none")
    return place


def _saved_model(said: SavedModelDescription, directory: Path, file: Path | None = None) -> SavedModelSource:
    check_files(said, directory)
    files = [directory / name for name in said.files]
    return SavedModelSource(
        said.kind,
        digest_of(directory, files) if file is None else digest_of(file.parent, [file]),
        sum(entry.stat().st_size for entry in files) if file is None else file.stat().st_size,
        said.tensorflow_version,
        said.tags,
        directory,
        said.signatures,
        [*said.files, *_fingerprint(directory)],
        said.version_1,
        said.has_tables,
    )


def _fingerprint(directory: Path) -> list[str]:
    file = directory / FINGERPRINT
    return [FINGERPRINT] if file.is_file() and not file.is_symlink() else []


def _tflite(said: TfliteDescription, file: Path, used: Path) -> TfliteSource:
    return TfliteSource(
        digest_of(file.parent, [file]),
        file.stat().st_size,
        used,
        said.signatures,
        said.stateful,
        said.named,
        said.quantized,
        said.operators,
    )
