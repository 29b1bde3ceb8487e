"""Runs a model: the original through TensorFlow's session loader, a .tflite file through the reference interpreter."""

from __future__ import annotations

from .isolated_runner import Footprint, IsolatedRunner, footprint
from .litert_runner import LiteRtRunner
from .runner import RunError, Runner
from .saved_model_runner import SavedModelRunner

__all__ = [
    "Footprint",
    "IsolatedRunner",
    "LiteRtRunner",
    "RunError",
    "Runner",
    "SavedModelRunner",
    "footprint",
]
