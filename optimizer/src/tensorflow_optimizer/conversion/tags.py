"""Publishes models under the tags that servers look for, whatever tags they were saved with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..sources import copy_files
from ..sources.saved_model_files import read_files

if TYPE_CHECKING:
    from pathlib import Path

#: The default tags of TensorFlow Serving, which ours does not change.
SERVE_TAGS = ["serve"]


def with_serve_tags(source: Path, meta_graph: Any, destination: Path) -> None:
    """Save `meta_graph` of the SavedModel at `source`, with the files that it reads, under the usual tags."""
    from tensorflow.core.protobuf import saved_model_pb2

    _, *others = read_files(source, meta_graph)
    destination.mkdir()
    copy_files(source, [file.relative_to(source).as_posix() for file in others], destination)
    saved_model = saved_model_pb2.SavedModel(saved_model_schema_version=1)
    kept = saved_model.meta_graphs.add()
    kept.CopyFrom(meta_graph)
    kept.meta_info_def.ClearField("tags")
    kept.meta_info_def.tags.extend(SERVE_TAGS)
    (destination / "saved_model.pb").write_bytes(saved_model.SerializeToString(deterministic=True))
