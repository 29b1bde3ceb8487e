"""Compares what a model is asked with what it was evaluated on."""

from __future__ import annotations

from .compare import Thresholds, compare
from .make_profile import make_profile, profiled_rows
from .observed import Observed, observe

__all__ = ["Observed", "Thresholds", "compare", "make_profile", "observe", "profiled_rows"]
