"""Changes a model's weights, and trains what is left where there is data to train on."""

from __future__ import annotations

from .augment import augmented, can_augment, joined
from .distill import GivenStudent, distill
from .prune import prune
from .teaching import Teaching

__all__ = ["GivenStudent", "Teaching", "augmented", "can_augment", "distill", "joined", "prune"]
