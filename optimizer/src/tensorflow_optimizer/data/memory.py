"""Refuses arrays that the memory cannot hold: their shapes are what a model or a file says."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ..errors import BadInputError
from ..hints import Hint
from ..processes import environment

if TYPE_CHECKING:
    from collections.abc import Sequence


def check_memory(shape: Sequence[int], dtype: str, what: str) -> None:
    """Refuse an array before it is allocated.

    Args:
        shape: Its shape.
        dtype: NumPy's name of its type.
        what: What it holds, for the error, in the plural.

    Raises:
        BadInputError: It is larger than the available memory.
    """
    needed, free = math.prod(shape) * np.dtype(dtype).itemsize, environment.available_memory()
    if needed > free:
        raise BadInputError(
            f"{what} take {needed / 1e6:,.0f} MB of memory in the shape {list(shape)}, and {free / 1e6:,.0f} MB are "
            "free; give fewer samples, or choose a larger machine",
            Hint.MACHINE_SIZE,
        )
