"""Finds the one model at a path: a file, a SavedModel directory, or a directory that contains one of them."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ..archives import refuse_broken
from ..errors import BadInputError, OptimizerError, UnsupportedError
from ..signatures.messages import message

if TYPE_CHECKING:
    from pathlib import Path

#: The file names that TensorFlow's loader looks for.
SAVED_MODEL_FILES = ("saved_model.pb", "saved_model.pbtxt")
#: The first bytes of .h5 files, and the fourth to the seventh of .tflite files.
_HDF, _TFLITE = b"\x89HDF\r\n\x1a\n", b"TFL3"
#: Depth of the search in a directory: `model/1/saved_model.pb` in a directory of models, and one more.
_DEPTH = 3

_ACCEPTED = "a SavedModel directory, a .keras, an .h5 or a .tflite file"
_WEIGHTS_WAY_OUT = (
    "it holds weights without the model they belong to; build the model in your code, load the weights into it and "
    "save the whole with model.export('directory') or model.save('model.keras')"
)
_FROZEN_WAY_OUT = (
    "is a frozen graph, which names neither inputs nor outputs; export a SavedModel with signatures from the code that "
    "made it (tf.saved_model.save, or tf.compat.v1.saved_model.simple_save)"
)
_OTHER_FRAMEWORKS = {
    ".onnx": "ONNX",
    ".pt": "PyTorch",
    ".pth": "PyTorch",
    ".safetensors": "safetensors",
    ".mlmodel": "Core ML",
}


class SourceKind(StrEnum):
    """Form in which a model was given."""

    SAVED_MODEL = "saved_model"
    KERAS = "keras"
    H5 = "h5"
    TFLITE = "tflite"


@dataclass(frozen=True)
class Found:
    """Path of a model: the directory of a SavedModel, or the file."""

    kind: SourceKind
    path: Path


def locate(path: Path) -> Found:
    """Find the one model at or below `path`.

    Raises:
        BadInputError: There is none, more than one, or it is incomplete.
        UnsupportedError: It is not a complete TensorFlow model.
    """
    if not path.exists():
        raise BadInputError(f"the source {path.name} does not exist; give {_ACCEPTED}")
    if path.is_file():
        if path.name in SAVED_MODEL_FILES:
            return Found(SourceKind.SAVED_MODEL, path.parent)
        return Found(_kind_of_file(path), path)
    if _is_saved_model(path):
        return Found(SourceKind.SAVED_MODEL, path)
    return _search(path)


def models_below(root: Path) -> list[Path]:
    """Return what looks like a model by its name and its first bytes, as deep as `locate` searches; opens nothing."""
    models: list[Path] = []
    waiting = [(root, _DEPTH)]
    while waiting:
        directory, depth = waiting.pop()
        if _is_saved_model(directory):
            models.append(directory)
            continue
        for entry in directory.iterdir() if directory.is_dir() else ():
            if entry.is_dir() and depth:
                waiting.append((entry, depth - 1))
            elif entry.is_file() and (entry.suffix == ".keras" or _has_head(entry)):
                models.append(entry)
    return models


def may_need_keras(path: Path) -> bool:
    """Say whether a model at or below a path may be a Keras file, by names and first bytes; opens nothing."""
    models = models_below(path) if path.is_dir() else [path] if path.is_file() else []
    return any(
        model.is_file() and model.name not in SAVED_MODEL_FILES and _head(model)[4:8] != _TFLITE for model in models
    )


def _has_head(file: Path) -> bool:
    head = _head(file)
    return head == _HDF or head[4:8] == _TFLITE


def _head(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(8)


def _search(root: Path) -> Found:
    models: list[Found] = []
    refusals: list[OptimizerError] = []
    _collect(root, _DEPTH, models, refusals)
    if len(models) == 1:
        return models[0]
    if models:
        names = ", ".join(sorted(model.path.relative_to(root).as_posix() for model in models))
        raise BadInputError(f"the source holds {len(models)} models ({names}); give the path of the one to optimize")
    entries = sorted(entry.name for entry in root.iterdir())
    if not entries:
        raise BadInputError(f"the source directory is empty; give {_ACCEPTED}")
    if refusals and "variables" not in entries:
        raise refusals[0]
    if "variables" in entries:
        raise BadInputError(
            "the SavedModel is incomplete: variables/ is there, saved_model.pb is not; copy the whole directory again"
        )
    raise BadInputError(f"the source directory holds no model, but {_listed(entries)}; give {_ACCEPTED}")


def _collect(directory: Path, depth: int, models: list[Found], refusals: list[OptimizerError]) -> None:
    if _is_saved_model(directory):
        models.append(Found(SourceKind.SAVED_MODEL, directory))
        return
    for entry in sorted(directory.iterdir()):
        if entry.name.startswith(".") or entry.name == "__MACOSX":
            continue
        if entry.is_dir():
            if depth:
                _collect(entry, depth - 1, models, refusals)
            continue
        try:
            models.append(Found(_kind_of_file(entry), entry))
        except OptimizerError as error:
            # Ignore a README next to the model, and report a broken model only if there is no other.
            if _looks_like_a_model(entry):
                refusals.append(error)


def _is_saved_model(directory: Path) -> bool:
    return any((directory / name).is_file() for name in SAVED_MODEL_FILES)


def _looks_like_a_model(file: Path) -> bool:
    suffixes = {".keras", ".h5", ".hdf5", ".tflite", ".pb", ".index", ".ckpt", ".zip", *_OTHER_FRAMEWORKS}
    return file.suffix in suffixes or ".data-" in file.name or file.name == "checkpoint"


def _kind_of_file(file: Path) -> SourceKind:
    with file.open("rb") as stream:
        head = stream.read(16)
    if not head:
        raise BadInputError(f"{file.name} is empty (0 bytes); copy it again")
    if head[4:8] == _TFLITE:
        return SourceKind.TFLITE
    if head.startswith(_HDF):
        return SourceKind.H5
    if head.startswith(b"PK\x03\x04"):
        return _kind_of_zip(file)
    return _refuse_file(file)


def _kind_of_zip(file: Path) -> SourceKind:
    with (
        refuse_broken(lambda error: BadInputError(f"{file.name} is cut short or corrupt ({error}); copy it again")),
        zipfile.ZipFile(file) as archive,
    ):
        names = archive.namelist()
    if "config.json" in names:
        return SourceKind.KERAS
    if any(name.endswith(SAVED_MODEL_FILES) for name in names):
        raise BadInputError(f"{file.name} is a ZIP of a SavedModel; unpack it and give the directory")
    if any(name.endswith((".weights.h5", ".ckpt.index")) for name in names):
        raise UnsupportedError(f"{file.name} cannot be optimized: {_WEIGHTS_WAY_OUT}")
    raise BadInputError(f"{file.name} is a ZIP without a Keras model (no config.json); give {_ACCEPTED}")


def _refuse_file(file: Path) -> SourceKind:
    name = file.name
    if file.suffix in (".keras", ".h5", ".hdf5", ".tflite"):
        raise BadInputError(f"{name} is corrupt: its content is not that of a {file.suffix} file; copy it again")
    if file.suffix in (".index", ".ckpt") or ".data-" in name or name == "checkpoint":
        raise UnsupportedError(f"{name} is a checkpoint and cannot be optimized: {_WEIGHTS_WAY_OUT}")
    if file.suffix in _OTHER_FRAMEWORKS:
        raise UnsupportedError(
            f"{name} is a model of {_OTHER_FRAMEWORKS[file.suffix]}, not of TensorFlow; give {_ACCEPTED}"
        )
    if file.suffix == ".pb" and is_frozen_graph(file.read_bytes()):
        raise UnsupportedError(f"{name} {_FROZEN_WAY_OUT}")
    raise BadInputError(f"{name} is not a model that can be read; give {_ACCEPTED}")


def is_frozen_graph(content: bytes) -> bool:
    """Say whether `content` is a GraphDef, with operators but no SavedModel."""
    from google.protobuf.message import DecodeError

    graph = message("GraphDef")()
    try:
        graph.ParseFromString(content)
    except DecodeError:
        return False
    return bool(graph.node) and all(node.op for node in graph.node)


def frozen_graph_error(name: str) -> UnsupportedError:
    """Return the error for a frozen graph."""
    return UnsupportedError(f"{name} {_FROZEN_WAY_OUT}")


def weights_only_error(name: str) -> UnsupportedError:
    """Return the error for a file with weights only."""
    return UnsupportedError(f"{name} cannot be optimized: {_WEIGHTS_WAY_OUT}")


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:6])
    return shown if len(names) <= 6 else f"{shown} and {len(names) - 6} more"
