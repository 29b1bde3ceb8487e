"""Checks that a SavedModel on disk is complete, before TensorFlow's loader fails with an obscure error."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..errors import BadInputError, UnsupportedError, reason_of
from ..hints import Hint
from ..signatures.assets import assets_of, is_inside
from ..signatures.messages import message
from .detect import SAVED_MODEL_FILES, frozen_graph_error, is_frozen_graph
from .variables_index import shard_sizes

if TYPE_CHECKING:
    from pathlib import Path

_SHARD = re.compile(r"^variables\.data-(\d{5})-of-(\d{5})$")
_VARIABLE_OPERATORS = frozenset({"VarHandleOp", "VariableV2", "Variable"})
_COPY_AGAIN = "copy the whole directory again"


def read_meta_graph(directory: Path, tags: list[str]) -> Any:
    """Return the MetaGraphDef with exactly these tags.

    Raises:
        BadInputError: The file is empty, truncated or corrupt.
        UnsupportedError: It is a frozen graph, or has no such tags.
    """
    return select_graph(read_saved_model(directory), tags)


def select_graph(saved_model: Any, tags: list[str]) -> Any:
    """Return the MetaGraphDef with exactly these tags.

    Raises:
        UnsupportedError: There is none.
    """
    graphs = {frozenset(graph.meta_info_def.tags): graph for graph in saved_model.meta_graphs}
    if frozenset(tags) in graphs:
        return graphs[frozenset(tags)]
    known = " and ".join(str(sorted(known)) for known in graphs)
    raise UnsupportedError(
        f"the SavedModel has no graph with the tags {sorted(tags)}, but {known}; give the tags of the graph to serve",
        Hint.TAGS,
    )


def read_files(directory: Path, meta_graph: Any, *, checksums: bool = True) -> list[Path]:
    """Return the files that loading reads, after checking that all are present and complete.

    Args:
        directory: The SavedModel's.
        meta_graph: The graph to serve.
        checksums: Whether to read each variable, and compare it with its checksum; otherwise their sizes only, without
            TensorFlow.

    Raises:
        BadInputError: One is missing or damaged.
    """
    definition = next(directory / name for name in SAVED_MODEL_FILES if (directory / name).is_file())
    return [definition, *_variable_files(directory, meta_graph, checksums), *_asset_files(directory, meta_graph)]


def read_saved_model(directory: Path) -> Any:
    """Return the SavedModel message of a directory.

    Raises:
        BadInputError: The file is empty, truncated or corrupt.
        UnsupportedError: It is a frozen graph.
    """
    from google.protobuf import text_format
    from google.protobuf.message import DecodeError

    saved_model = message("SavedModel")()
    file = next(directory / name for name in SAVED_MODEL_FILES if (directory / name).is_file())
    content = file.read_bytes()
    if not content:
        raise BadInputError(f"{file.name} is empty (0 bytes): the copy is incomplete; {_COPY_AGAIN}")
    try:
        if file.suffix == ".pbtxt":
            text_format.Parse(content.decode("utf-8"), saved_model)
        else:
            saved_model.ParseFromString(content)
    except (DecodeError, text_format.ParseError, UnicodeDecodeError) as error:
        if is_frozen_graph(content):
            raise frozen_graph_error(file.name) from error
        raise BadInputError(f"{file.name} is cut short or corrupt; {_COPY_AGAIN}") from error
    if not saved_model.meta_graphs:
        if is_frozen_graph(content):
            raise frozen_graph_error(file.name)
        raise BadInputError(f"{file.name} holds no model: it is cut short or corrupt; {_COPY_AGAIN}")
    return saved_model


def _variable_files(directory: Path, meta_graph: Any, checksums: bool) -> list[Path]:
    folder = directory / "variables"
    index = folder / "variables.index"
    if not index.is_file():
        if not _has_variables(meta_graph):
            return []
        raise BadInputError(f"the SavedModel is incomplete: variables/variables.index is missing; {_COPY_AGAIN}")
    shards = sorted(file for file in folder.iterdir() if _SHARD.match(file.name))
    if not shards:
        raise BadInputError(
            f"the SavedModel is incomplete: variables/variables.data-00000-of-00001 is missing; {_COPY_AGAIN}"
        )
    match = _SHARD.match(shards[0].name)
    total = int(match.group(2)) if match else 0
    expected = [f"variables.data-{number:05d}-of-{total:05d}" for number in range(total)]
    missing = [name for name in expected if not (folder / name).is_file()]
    if missing:
        raise BadInputError(f"the SavedModel is incomplete: variables/{missing[0]} is missing; {_COPY_AGAIN}")
    shards = [folder / name for name in expected]
    if checksums or not _has_every_byte(index, shards):
        _read_every_variable(folder / "variables")
    return [index, *shards]


def _has_variables(meta_graph: Any) -> bool:
    graph = meta_graph.graph_def
    functions = (node for function in graph.library.function for node in function.node_def)
    return any(node.op in _VARIABLE_OPERATORS for nodes in (graph.node, functions) for node in nodes)


def _has_every_byte(index: Path, shards: list[Path]) -> bool:
    """Say whether the shards are as long as their index says; False: the index cannot be read without TensorFlow.

    Raises:
        BadInputError: One is shorter.
    """
    needed = shard_sizes(index.read_bytes(), len(shards))
    for shard, size in zip(shards, needed or (), strict=False):
        if shard.stat().st_size < size:
            raise BadInputError(
                f"the SavedModel's variables are cut short: variables/{shard.name} has {shard.stat().st_size:,} bytes, "
                f"and its index names {size:,}; {_COPY_AGAIN}"
            )
    return needed is not None


def _read_every_variable(prefix: Path) -> None:
    """Read each value once: the checkpoint has a checksum for each, and nothing else detects a truncated shard."""
    import tensorflow as tf

    try:
        reader = tf.train.load_checkpoint(str(prefix))
        for name in sorted(reader.get_variable_to_shape_map()):
            reader.get_tensor(name)
    except (tf.errors.OpError, RuntimeError, ValueError, LookupError) as error:
        raise BadInputError(
            f"the SavedModel's variables are cut short or corrupt ({reason_of(error, 200)}); {_COPY_AGAIN}"
        ) from error


def _asset_files(directory: Path, meta_graph: Any) -> list[Path]:
    assets = assets_of(meta_graph)
    outside = [asset.filename for asset in assets if not is_inside(asset)]
    if outside:
        raise BadInputError(
            f"the SavedModel names {', '.join(map(ascii, outside))} as its assets, which lie outside its directory "
            "assets; export the model again"
        )
    files = [directory / "assets" / asset.filename for asset in assets]
    for file in files:
        if not file.is_file():
            raise BadInputError(f"the SavedModel is incomplete: assets/{file.name} is missing; {_COPY_AGAIN}")
    return files
