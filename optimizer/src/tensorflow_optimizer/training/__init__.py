"""Changes a model's weights, and trains the rest if there is data."""

from __future__ import annotations

from .augmentation import augmented, can_augment, joined
from .distillation import GivenStudent, distill
from .pruning import prune
from .training_set import TrainingSet

__all__ = ["GivenStudent", "TrainingSet", "augmented", "can_augment", "distill", "joined", "prune"]
