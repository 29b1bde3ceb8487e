"""Inputs for a model: evaluation data, or generated samples."""

from __future__ import annotations

from .dataset import Dataset
from .generated import edge_inputs, generated_inputs
from .read import read_dataset
from .splits import MINIMUM_TRAINING_SAMPLES, Splits, split

__all__ = [
    "MINIMUM_TRAINING_SAMPLES",
    "Dataset",
    "Splits",
    "edge_inputs",
    "generated_inputs",
    "read_dataset",
    "split",
]
