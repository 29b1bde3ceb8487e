"""Turns the original into what will be served."""

from __future__ import annotations

from .bfloat16 import bake_bfloat16
from .fixed_shape import save_with_fixed_shapes
from .freeze import FreezeError, freeze, freeze_problem
from .litert import LiteRtMode, convert
from .strip import strip

__all__ = [
    "FreezeError",
    "LiteRtMode",
    "bake_bfloat16",
    "convert",
    "freeze",
    "freeze_problem",
    "save_with_fixed_shapes",
    "strip",
]
