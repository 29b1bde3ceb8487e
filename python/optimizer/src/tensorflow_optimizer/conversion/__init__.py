"""Turns the original into what will be served."""

from __future__ import annotations

from .fixed_shape import save_with_fixed_shapes
from .litert import LiteRtMode, convert
from .strip import strip

__all__ = ["LiteRtMode", "convert", "save_with_fixed_shapes", "strip"]
