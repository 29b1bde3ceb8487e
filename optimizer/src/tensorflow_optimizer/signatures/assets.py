"""Reads which files of a SavedModel its graph names."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from .messages import message

_ASSETS = "saved_model_assets"


def assets_of(meta_graph: Any) -> list[Any]:
    """Return the definitions of the assets, which TensorFlow 1 writes into a collection."""
    if meta_graph.asset_file_def or _ASSETS not in meta_graph.collection_def:
        return list(meta_graph.asset_file_def)
    assets = []
    for content in meta_graph.collection_def[_ASSETS].any_list.value:
        asset = message("AssetFileDef")()
        content.Unpack(asset)
        assets.append(asset)
    return assets


def is_inside(asset: Any) -> bool:
    """Say whether the file of an asset is in the SavedModel's own directory `assets`."""
    path = PurePosixPath(asset.filename)
    return asset.filename != "" and not path.is_absolute() and ".." not in path.parts and "\0" not in asset.filename
