"""Proves with the function's own code which of its runtimes may serve a model, in a process of its own."""

from __future__ import annotations

from .choose_runtime import Proof, prove

__all__ = ["Proof", "prove"]
