"""layer.zip: the model as a Lambda layer, with the same bytes for the same model and version."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

DESCRIPTION_FILE = "model.json"
_DIRECTORY = "ml/model/"
#: Prefix of paths in a manifest for files inside the layer.
IN_LAYER = f"layer.zip!/{_DIRECTORY}"
#: The earliest date that a ZIP can hold.
_DATE = (1980, 1, 1, 0, 0, 0)


def write_layer(target: Path, files: dict[str, Path]) -> None:
    """Write a layer with a model's files, by their names."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as layer:
        for name, path in files.items():
            _add(layer, name, path.read_bytes())


def _add(layer: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(_DIRECTORY + name, _DATE)
    entry.create_system = 3  # Unix, whatever this machine is: the mode below counts.
    entry.external_attr = 0o100644 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    layer.writestr(entry, content)
