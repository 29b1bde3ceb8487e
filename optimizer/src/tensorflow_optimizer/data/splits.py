"""Splits real data into disjoint parts: data that calibrated or selected a model must not judge it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .dataset import Dataset

#: Minimum number of samples for training.
MINIMUM_TRAINING_SAMPLES = 64
#: Most samples for calibration. More hardly change the ranges, but each costs a run of the model.
_MAXIMUM_CALIBRATION = 300
_CALIBRATION_SHARE = 0.2
_SELECTION_SHARE = 0.4
_TRAINING_SHARE = 0.5


@dataclass(frozen=True)
class Splits:
    """Disjoint parts of one dataset; unneeded parts are empty, so that the gate gets their samples."""

    calibration: Dataset
    selection: Dataset
    gate: Dataset
    training: Dataset


def split(dataset: Dataset, seed: int, *, calibrate: bool = False, select: bool = False, train: bool = False) -> Splits:
    """Split `dataset`, deterministically for the same seed and needs."""
    # Sorted within a part, which is free and easier to read in a debugger.
    parts = _parts(dataset.count, seed, calibrate=calibrate, select=select, train=train)
    return Splits(*(dataset.take(np.sort(part)) for part in parts))


def part_of_each(count: int, seed: int) -> NDArray[np.uint8]:
    """Return the number of each row's part, where a job calibrates, selects and trains."""
    numbers = np.empty(count, np.uint8)
    for number, part in enumerate(_parts(count, seed, calibrate=True, select=True, train=True)):
        numbers[part] = number
    return numbers


def _parts(count: int, seed: int, *, calibrate: bool, select: bool, train: bool) -> tuple[NDArray[Any], ...]:
    order: NDArray[Any] = np.random.default_rng(seed).permutation(count)
    calibration_count = min(_MAXIMUM_CALIBRATION, max(1, int(count * _CALIBRATION_SHARE)))
    first = calibration_count if calibrate else 0
    rest = count - first
    trained = int(rest * _TRAINING_SHARE) if train else 0
    second = first + (int((rest - trained) * _SELECTION_SHARE) if select else 0)
    last = count - trained
    return order[:first], order[first:second], order[second:last], order[last:]
