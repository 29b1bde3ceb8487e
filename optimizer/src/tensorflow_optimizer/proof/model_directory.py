"""Lays out a model as its servers find it."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..documents.draft import LITERT_FILE
from ..documents.manifest import ModelDescription, Runtime

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..documents.manifest import Signature


@contextmanager
def model_directory(
    content: bytes, name: str, signatures: dict[str, Signature], *, reset_state: bool = False
) -> Iterator[tuple[Path, ModelDescription]]:
    """Give a directory with the model and model.json.

    Args:
        content: The .tflite file.
        name: The model's name.
        signatures: Their descriptions, the default one first.
        reset_state: Every request starts from the initial state.
    """
    description = ModelDescription(
        model=name,
        version=1,
        runtime=Runtime.NUMPY if reset_state else Runtime.NATIVE,
        reset_state=reset_state,
        default_signature=next(iter(signatures)),
        signatures=signatures,
    )
    with tempfile.TemporaryDirectory(prefix="proof-") as path:
        directory = Path(path)
        (directory / LITERT_FILE).write_bytes(content)
        (directory / "model.json").write_text(description.to_json(), encoding="utf-8")
        yield directory, description
