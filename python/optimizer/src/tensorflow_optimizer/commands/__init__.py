"""Commands for a person at a terminal: looking into a model, and comparing two."""

from __future__ import annotations

from .compare import compare
from .inspect import inspect

__all__ = ["compare", "inspect"]
