"""Serves one LiteRT model: the part of the function that knows nothing of Lambda.

`load(directory)` returns a `Model`; `Model.predict(signature, inputs)` answers one request with real values, exactly as
the function does. The optimizer proves a model through these two.
"""

from __future__ import annotations

from .errors import ModelError, RequestError
from .model import Model, load

__all__ = ["Model", "ModelError", "RequestError", "load"]
