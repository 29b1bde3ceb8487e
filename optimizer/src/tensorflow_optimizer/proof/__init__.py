"""Proves which of the function's runtimes can serve a model, with the function's own code in its own process."""

from __future__ import annotations

from .choose_runtime import Proof, prove

__all__ = ["Proof", "prove"]
