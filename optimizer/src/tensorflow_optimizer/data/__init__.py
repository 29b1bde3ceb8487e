"""Inputs for a model: evaluation data, generated samples, or captured requests.

>>> from tensorflow_optimizer.data import generated_inputs
>>> from tensorflow_optimizer.signatures import SignatureSpec, TensorSpec
>>> spec = SignatureSpec("serve", "", {"x": TensorSpec("float32", (None, 3), "x:0")}, {})
>>> generated_inputs(spec, None, batched=True, seed=7).inputs["x"].shape
(16, 3)
"""

from __future__ import annotations

from .captured_requests import CapturedCount, newest_files, newest_requests
from .dataset import Dataset
from .formats import has_labels
from .generated import edge_inputs, generated_inputs
from .generated_image import generated_image
from .image_leaf import decode_images
from .read import read_dataset
from .splits import MINIMUM_TRAINING_SAMPLES, Splits, split

__all__ = [
    "MINIMUM_TRAINING_SAMPLES",
    "CapturedCount",
    "Dataset",
    "Splits",
    "decode_images",
    "edge_inputs",
    "generated_image",
    "generated_inputs",
    "has_labels",
    "newest_files",
    "newest_requests",
    "read_dataset",
    "split",
]
