"""Reads the signatures of a model and their shapes, and selects those to convert.

>>> from tensorflow_optimizer.signatures import SignatureSpec, TensorSpec, fix_shapes
>>> x = TensorSpec("float32", (None, None, 3), "x:0")
>>> fixed = fix_shapes(SignatureSpec("serve", "", {"x": x}, {"y": x}), {"x": [-1, 8, 3]})
>>> fixed.batched, fixed.shapes
(True, {'x': [1, 8, 3]})
"""

from __future__ import annotations

from .described import DescribedSignature, describe_signatures_of, equal_among, operators_in, refuse_python
from .equal import equal_signatures
from .fixed import FixedSignature, fix_shapes
from .freezable import freeze_problem
from .operators import GROUPED_CONVOLUTION, operators_of
from .read import read_signatures
from .select import Selection, select_for_litert, select_for_serving
from .spec import SignatureSpec, TensorSpec
from .state import state_writers

__all__ = [
    "GROUPED_CONVOLUTION",
    "DescribedSignature",
    "FixedSignature",
    "Selection",
    "SignatureSpec",
    "TensorSpec",
    "describe_signatures_of",
    "equal_among",
    "equal_signatures",
    "fix_shapes",
    "freeze_problem",
    "operators_in",
    "operators_of",
    "read_signatures",
    "refuse_python",
    "select_for_litert",
    "select_for_serving",
    "state_writers",
]
