"""layer.zip: the model as a Lambda layer, with the same bytes for the same model and version."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MODEL_PATH = "ml/model/model.tflite"
DESCRIPTION_FILE = "model.json"
DESCRIPTION_PATH = f"ml/model/{DESCRIPTION_FILE}"
#: Prefix of paths in a manifest for files inside the layer.
IN_LAYER = "layer.zip!/ml/model/"
#: The earliest date that a ZIP can hold.
_DATE = (1980, 1, 1, 0, 0, 0)


def write_layer(target: Path, model: Path, description: bytes) -> None:
    """Write a layer with a model and its description."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as layer:
        _add(layer, DESCRIPTION_PATH, description)
        _add(layer, MODEL_PATH, model.read_bytes())


def _add(layer: zipfile.ZipFile, path: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(path, _DATE)
    entry.create_system = 3  # Unix, whatever this machine is: the mode below counts.
    entry.external_attr = 0o100644 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    layer.writestr(entry, content)
