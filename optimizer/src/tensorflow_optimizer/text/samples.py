"""Texts and categories that show which shapes a text part makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..signatures import FixedSignature

_TEXTS = (b"", b"a", b"the cat sat on the mat", "\u00c4 \u4e16\u754c na\u00efve!".encode(), b"word " * 300)


def sample_calls(signature: FixedSignature) -> Iterator[dict[str, np.ndarray[Any, Any]]]:
    """Give the inputs of calls with one row each."""
    for number, text in enumerate(_TEXTS):
        inputs: dict[str, np.ndarray[Any, Any]] = {}
        for name, shape in signature.shapes.items():
            dtype = signature.spec.inputs[name].dtype
            if dtype == "string":
                inputs[name] = np.full(shape, text, object)
            else:
                inputs[name] = np.full(shape, number % 2, dtype)
        yield inputs
