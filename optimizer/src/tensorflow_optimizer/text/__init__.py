r"""Separates what a model computes on text and categories from its numbers, as steps that the native program runs.

>>> from tensorflow_optimizer.text.patterns import normalized
>>> print(normalized(rb"\d+", may_be_empty=False).text)
(?:[\x{30}-\x{39}])+
"""

from __future__ import annotations

from .runner import TextRunner
from .split import SplitModel, needs_split, read_text, split_model

__all__ = ["SplitModel", "TextRunner", "needs_split", "read_text", "split_model"]
