"""Changes a model's weights, and trains the rest if there is data.

>>> import numpy as np
>>> from tensorflow_optimizer.data import Dataset
>>> from tensorflow_optimizer.training import augmented
>>> images = Dataset({"image": np.ones((2, 28, 28, 1), np.float32)}, batched=True)
>>> augmented(images, seed=7).inputs["image"].shape
(2, 28, 28, 1)
"""

from __future__ import annotations

from .augmentation import augmented, can_augment, joined
from .distillation import GivenStudent, distill
from .pruning import prune
from .training_set import TrainingSet

__all__ = ["GivenStudent", "TrainingSet", "augmented", "can_augment", "distill", "joined", "prune"]
