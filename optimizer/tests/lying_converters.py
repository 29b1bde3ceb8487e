"""Converters that a model has taken over. They run in the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path


def lies(channel: Any, directory: Path) -> None:
    """Answer fewer rows than were asked about."""
    next(iter(channel))
    (directory / "made").mkdir()
    (directory / "made" / "model.tflite").write_bytes(b"")
    channel.answer({"program": "ONNX Runtime"}, {"y": np.ones((1, 2))})


def leaves_more(channel: Any, directory: Path) -> None:
    """Leave a file that nobody wants."""
    request = next(iter(channel))
    (directory / "made").mkdir()
    for name in ("model.tflite", "other"):
        (directory / "made" / name).write_bytes(b"")
    channel.answer({"program": "ONNX Runtime"}, {"y": request.arrays["x"]})
