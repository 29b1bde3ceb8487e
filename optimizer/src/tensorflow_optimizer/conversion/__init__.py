"""Converts the original to the published formats.

>>> from tensorflow_optimizer.conversion import LiteRtMode
>>> len(LiteRtMode)
5
"""

from __future__ import annotations

from .bfloat16 import bake_bfloat16
from .bias_correction import correct_biases
from .equalization import equalize
from .fixed_shape import save_with_fixed_shapes
from .fixed_tflite import with_fixed_shapes
from .freeze import FreezeError, freeze
from .layer_quantization import has_fewer_bits, operations_in, quantize_file, without_blocks
from .litert_converter import LiteRtMode, convert
from .strip import StrippingError, strip
from .tags import SERVE_TAGS, with_serve_tags

__all__ = [
    "SERVE_TAGS",
    "FreezeError",
    "LiteRtMode",
    "StrippingError",
    "bake_bfloat16",
    "convert",
    "correct_biases",
    "equalize",
    "freeze",
    "has_fewer_bits",
    "operations_in",
    "quantize_file",
    "save_with_fixed_shapes",
    "strip",
    "with_fixed_shapes",
    "with_serve_tags",
    "without_blocks",
]
