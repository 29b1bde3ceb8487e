"""Runs a model: the original through TensorFlow's session loader, a .tflite file through the reference interpreter.

The judge asks the remote ones, each of which has a leaf that runs one of the others.
"""

from __future__ import annotations

from .litert_runner import LiteRtRunner
from .remote_runner import RemoteLiteRt, RemoteRunner, RemoteSavedModel, Undescribed
from .runner import Elapsed, RunError, Runner, TimedRunner
from .saved_model_runner import SavedModelRunner

__all__ = [
    "Elapsed",
    "LiteRtRunner",
    "RemoteLiteRt",
    "RemoteRunner",
    "RemoteSavedModel",
    "RunError",
    "Runner",
    "SavedModelRunner",
    "TimedRunner",
    "Undescribed",
]
