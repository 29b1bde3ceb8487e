"""Proves which of the function's runtimes can serve a model, with the function's own code in its own process.

>>> import numpy as np
>>> from tensorflow_optimizer.proof.answers import relative_difference
>>> relative_difference(np.array([1.0, 4.0]), np.array([1.0, 5.0]))
0.2
"""

from __future__ import annotations

from .choose_runtime import Proof, prove
from .images import prove_images
from .native_program import RefusedError
from .serving_times import ServingTimes
from .text_steps import prove_text

__all__ = [
    "Proof",
    "RefusedError",
    "ServingTimes",
    "prove",
    "prove_images",
    "prove_text",
]
