"""Runs a model: the original through TensorFlow's session loader, a .tflite file through the reference interpreter.

The judge asks the remote ones, each of which has a leaf that runs one of the others.

>>> import numpy as np
>>> from tensorflow_optimizer.documents.manifest import LiteRtTensor, TensorQuantization
>>> from tensorflow_optimizer.runners.litert_runner import to_real, to_stored
>>> quantized = TensorQuantization(scale=0.5, zero_point=-1)
>>> tensor = LiteRtTensor(dtype="int8", shape=[1, 2], quantization=quantized)
>>> to_stored(np.array([[1.0, 100.0]], np.float32), tensor).tolist()
[[1, 127]]
>>> to_real(np.array([[1, 127]], np.int8), tensor).tolist()
[[1.0, 64.0]]
"""

from __future__ import annotations

from .litert_runner import LiteRtRunner
from .remote_runner import RemoteLiteRt, RemoteRunner, RemoteSavedModel, Undescribed, check_output
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
    "check_output",
]
