"""Modified copies of inputs to train a student on, with the teacher's answers as targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..data import Dataset

if TYPE_CHECKING:
    from ..runners.runner import Array

#: Images are shifted by at most this share of their height and width, and by at least one pixel.
_SHIFT = 1 / 14
#: Noise of other floats, relative to the standard deviation of each.
_NOISE = 0.1


def augmented(dataset: Dataset, seed: int) -> Dataset:
    """Return a copy of the samples: images (rank 3 without the batch) shifted, other floats with noise.

    Labels stay the same, because so small a change keeps the class. Integers of other ranks are unchanged.
    """
    random = np.random.default_rng(seed)
    inputs = {name: _changed(value, random) for name, value in dataset.inputs.items()}
    return Dataset(inputs, dataset.batched, dataset.labels)


def can_augment(dataset: Dataset) -> bool:
    """Say whether any input can be modified."""
    return any(value.ndim == 4 or value.dtype.kind == "f" for value in dataset.inputs.values())


def joined(parts: list[Dataset]) -> Dataset:
    """Concatenate datasets of the same signature."""
    first = parts[0]
    return Dataset(
        {name: np.concatenate([part.inputs[name] for part in parts]) for name in first.inputs},
        first.batched,
        {name: np.concatenate([part.labels[name] for part in parts]) for name in first.labels},
    )


def _changed(value: Array, random: np.random.Generator) -> Array:
    if value.ndim == 4:
        return _shifted(value, random)
    if value.dtype.kind != "f":
        return value
    noise = random.standard_normal(value.shape) * value.std(axis=0, dtype=np.float64) * _NOISE
    return (value + noise).astype(value.dtype)


def _shifted(images: Array, random: np.random.Generator) -> Array:
    """Shift each image, and fill with its edge."""
    height, width = images.shape[1:3]
    limits = [max(1, int(side * _SHIFT)) for side in (height, width)]
    moved = np.empty_like(images)
    for number, image in enumerate(images):
        down, right = (int(random.integers(-limit, limit + 1)) for limit in limits)
        rows = np.clip(np.arange(height) - down, 0, height - 1)
        columns = np.clip(np.arange(width) - right, 0, width - 1)
        moved[number] = image[rows[:, np.newaxis], columns]
    return moved
