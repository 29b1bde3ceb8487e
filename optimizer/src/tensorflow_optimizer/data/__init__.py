"""Inputs for a model: evaluation data, generated samples, or captured requests."""

from __future__ import annotations

from .captured_requests import CapturedCount, newest_files, newest_requests
from .dataset import Dataset
from .decode_picture import decode_picture, made_up_picture
from .generated import edge_inputs, generated_inputs
from .read import has_labels, read_dataset
from .splits import MINIMUM_TRAINING_SAMPLES, Splits, split

__all__ = [
    "MINIMUM_TRAINING_SAMPLES",
    "CapturedCount",
    "Dataset",
    "Splits",
    "decode_picture",
    "edge_inputs",
    "generated_inputs",
    "has_labels",
    "made_up_picture",
    "newest_files",
    "newest_requests",
    "read_dataset",
    "split",
]
