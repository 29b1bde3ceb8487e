"""Runs a model: the original through TensorFlow's session loader, a .tflite file through the reference interpreter."""

from __future__ import annotations

from .litert import LiteRtRunner
from .runner import RunError, Runner
from .saved_model import SavedModelRunner

__all__ = ["LiteRtRunner", "RunError", "Runner", "SavedModelRunner"]
