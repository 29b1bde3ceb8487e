"""Changes a model's weights, and trains what is left where there is data to train on."""

from __future__ import annotations

from .prune import prune
from .teaching import Teaching

__all__ = ["Teaching", "prune"]
