"""Publishes models under the tags that servers look for, whatever tags they were saved with."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

#: The default tags of TensorFlow Serving, which ours does not change.
SERVE_TAGS = ["serve"]


def with_serve_tags(source: Path, meta_graph: Any, destination: Path) -> None:
    """Save `meta_graph` of the SavedModel at `source` into `destination` under the usual tags."""
    from tensorflow.core.protobuf import saved_model_pb2

    # The fingerprint belongs to the file that is rewritten here.
    rewritten = shutil.ignore_patterns("saved_model.pb*", "fingerprint.pb")
    shutil.copytree(source, destination, copy_function=_link, ignore=rewritten)
    saved_model = saved_model_pb2.SavedModel(saved_model_schema_version=1)
    kept = saved_model.meta_graphs.add()
    kept.CopyFrom(meta_graph)
    kept.meta_info_def.ClearField("tags")
    kept.meta_info_def.tags.extend(SERVE_TAGS)
    (destination / "saved_model.pb").write_bytes(saved_model.SerializeToString(deterministic=True))


def _link(source: str, destination: str) -> None:
    Path(destination).symlink_to(Path(source).resolve())
