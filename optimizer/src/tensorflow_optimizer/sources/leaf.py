"""Opens a model in a process of its own, and describes it to the judge, which never opens one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..documents.job import Source
from ..documents.plain import from_plain, to_plain
from ..signatures import describe_signatures_of
from ..signatures.side_effects import refuse_side_effects
from .description import EXPORTED, FILE, NAMED, Description, SavedModelDescription, TfliteDescription
from .detect import SAVED_MODEL_FILES, Found, SourceKind, locate
from .keras_files import export_keras
from .plain_files import files_below, refuse_links
from .saved_model_files import read_files, read_saved_model, select_graph
from .tflite_file import operators_of_file, read_tflite

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..sandbox import Channel

#: Operators of vocabulary tables, whose content is no constant.
_TABLES = ("HashTable", "LookupTable", "MutableHashTable", "AnonymousHashTable", "InitializeTable")
#: Entries of a SavedModel's directory that are read.
_READ = (*SAVED_MODEL_FILES, "variables", "assets")


def describe(channel: Channel, directory: Path) -> None:
    """Answer each request for a model with its description.

    A request has the model's path, the job's description of its source, and whether to compare the variables with their
    checksums, which TensorFlow reads. An export by Keras, and a .tflite file that
    got a signature, are left in the directory.
    """
    for request in channel:
        root = Path(request.document["path"])
        source = from_plain(Source, request.document["source"], "the source")
        channel.answer(
            {"model": to_plain(Description, _describe(root, source, directory, request.document["checksums"]))}
        )


def _describe(root: Path, source: Source, directory: Path, checksums: bool) -> Description:
    located = locate(root)
    path = "" if located.path == root else located.path.relative_to(root).as_posix()
    refuse_links(root, [path])
    if located.kind is SourceKind.TFLITE:
        return _tflite(located, path, directory)
    place, tags = located.path, source.tags
    if located.kind is not SourceKind.SAVED_MODEL:
        place, tags = directory / EXPORTED, ["serve"]
        export_keras(located.path, located.kind, place)
    else:
        refuse_links(place, (name for name in files_below(place) if name.split("/")[0] in _READ))
    saved_model = read_saved_model(place)
    meta_graph = select_graph(saved_model, tags)
    refuse_side_effects(saved_model.meta_graphs, source.allowed_operations)
    files = read_files(place, meta_graph, checksums=checksums)
    return SavedModelDescription(
        located.kind,
        path,
        [file.relative_to(place).as_posix() for file in files],
        meta_graph.meta_info_def.tensorflow_version or None,
        tags,
        len(saved_model.meta_graphs),
        describe_signatures_of(meta_graph),
        version_1=not meta_graph.object_graph_def.nodes,
        has_tables=has_tables(meta_graph),
    )


def has_tables(meta_graph: Any) -> bool:
    """Say whether a graph has vocabulary tables."""
    graph = meta_graph.graph_def
    groups: Iterable[Any] = (graph.node, *(function.node_def for function in graph.library.function))
    return any(node.op.startswith(_TABLES) for nodes in groups for node in nodes)


def _tflite(located: Found, path: str, directory: Path) -> TfliteDescription:
    file = read_tflite(located.path)
    if file.named:
        (directory / NAMED).mkdir()
        (directory / NAMED / FILE).write_bytes(file.content)
    operators = dict(operators_of_file(file.content))
    return TfliteDescription(path, file.signatures, file.stateful, file.named, file.quantized, operators)
