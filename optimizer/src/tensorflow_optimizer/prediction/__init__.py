"""Asks a model about rows, wherever it is: on this machine, or behind an endpoint.

>>> import numpy as np
>>> from tensorflow_optimizer.prediction import body_of
>>> body_of(None, {"x": np.array([[0.5, float("nan")]], np.float32)})
b'{"inputs":{"x":[[0.5,NaN]]}}'
"""

from __future__ import annotations

from .answered import Decisions, Row, as_json, row_document, rows_of
from .differences import Differences, RowDifference, check_form, difference_document, summary_document
from .endpoint import Endpoint, is_address
from .rest import body_of
from .rows import read_rows, spool
from .target import Target, paired

__all__ = [
    "Decisions",
    "Differences",
    "Endpoint",
    "Row",
    "RowDifference",
    "Target",
    "as_json",
    "body_of",
    "check_form",
    "difference_document",
    "is_address",
    "paired",
    "read_rows",
    "row_document",
    "rows_of",
    "spool",
    "summary_document",
]
