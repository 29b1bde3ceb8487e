"""Changed copies of inputs, for a student to train on: whatever they are, its teacher answers them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..data import Dataset

if TYPE_CHECKING:
    from ..runners.runner import Array

#: Images move by at most this share of their height and width, and by one pixel at least.
_SHIFT = 1 / 14
#: Other floats move by this share of what each varies by.
_NOISE = 0.1


def augmented(dataset: Dataset, seed: int) -> Dataset:
    """Return a copy of the samples: images (rank 3 without the batch) shifted, other floats with noise.

    Labels stay: so small a change leaves the class what it is. Integers of any other rank stay as well.
    """
    random = np.random.default_rng(seed)
    inputs = {name: _changed(value, random) for name, value in dataset.inputs.items()}
    return Dataset(inputs, dataset.batched, dataset.labels)


def can_augment(dataset: Dataset) -> bool:
    """Say whether there is an input that can be changed."""
    return any(value.ndim == 4 or value.dtype.kind == "f" for value in dataset.inputs.values())


def joined(parts: list[Dataset]) -> Dataset:
    """Return all samples of several datasets of the same signature."""
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
    """Move each image; what moves in is what stood at its edge."""
    height, width = images.shape[1:3]
    limits = [max(1, int(side * _SHIFT)) for side in (height, width)]
    moved = np.empty_like(images)
    for number, image in enumerate(images):
        down, right = (int(random.integers(-limit, limit + 1)) for limit in limits)
        rows = np.clip(np.arange(height) - down, 0, height - 1)
        columns = np.clip(np.arange(width) - right, 0, width - 1)
        moved[number] = image[rows[:, np.newaxis], columns]
    return moved
