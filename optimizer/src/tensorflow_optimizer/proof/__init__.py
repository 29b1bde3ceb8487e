"""Proves which of the function's runtimes can serve a model, with the function's own code in its own process."""

from __future__ import annotations

from .choose_runtime import Proof, prove
from .native_program import RefusedError
from .pictures import prove_pictures
from .serving_times import ServingTimes

__all__ = ["Proof", "RefusedError", "ServingTimes", "prove", "prove_pictures"]
