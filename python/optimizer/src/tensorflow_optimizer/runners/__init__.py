"""Runs a model: the original through TensorFlow's session loader, a .tflite file through the reference interpreter."""

from __future__ import annotations

from .isolated import Footprint, IsolatedRunner, footprint
from .litert import LiteRtRunner
from .runner import RunError, Runner
from .saved_model import SavedModelRunner

__all__ = [
    "Footprint",
    "IsolatedRunner",
    "LiteRtRunner",
    "RunError",
    "Runner",
    "SavedModelRunner",
    "footprint",
]
