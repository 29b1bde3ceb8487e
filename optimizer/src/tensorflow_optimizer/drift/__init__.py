"""Compares what a model is asked with what it was evaluated on.

>>> from tensorflow_optimizer.drift.divergence import homogeneity_p_value, population_stability_index
>>> profile, captured = [500, 300, 200], [100, 120, 180]
>>> round(population_stability_index(profile, captured), 2)
0.37
>>> homogeneity_p_value(profile, captured) < 0.005
True
"""

from __future__ import annotations

from .compare import Thresholds, compare
from .make_profile import make_profile, profiled_rows
from .observed import Observed, observe

__all__ = ["Observed", "Thresholds", "compare", "make_profile", "observe", "profiled_rows"]
