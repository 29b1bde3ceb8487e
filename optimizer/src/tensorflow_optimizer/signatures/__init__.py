"""Reads the signatures of a model and their shapes, and selects those to convert."""

from __future__ import annotations

from .equal import equal_signatures
from .fixed import FixedSignature, fix_shapes
from .operators import operators_of, refuse_python
from .read import read_signatures
from .select import Selection, select_for_litert, select_for_serving
from .spec import SignatureSpec, TensorSpec
from .state import state_writers

__all__ = [
    "FixedSignature",
    "Selection",
    "SignatureSpec",
    "TensorSpec",
    "equal_signatures",
    "fix_shapes",
    "operators_of",
    "read_signatures",
    "refuse_python",
    "select_for_litert",
    "select_for_serving",
    "state_writers",
]
