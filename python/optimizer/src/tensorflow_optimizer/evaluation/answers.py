"""Asks a runner about every sample of a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..data import Dataset
    from ..runners import Runner
    from ..runners.runner import Arrays

_BATCH = 32


def answers_of(runner: Runner, signature: str, dataset: Dataset, batch: int = _BATCH) -> Arrays:
    """Return the outputs for all samples, dimension 0 being the sample.

    Raises:
        RunError: the model does not compute one of the inputs.
    """
    collected: dict[str, list[np.ndarray]] = {}
    step = batch if dataset.batched else 1
    for start in range(0, dataset.count, step):
        stop = min(start + step, dataset.count)
        for name, value in runner.run(signature, dataset.call(start, stop)).items():
            if dataset.batched and (value.ndim == 0 or len(value) != stop - start):
                # Not one answer per row: keep the whole, so that shapes show the difference.
                value = np.broadcast_to(value, (stop - start, *value.shape))  # noqa: PLW2901
            collected.setdefault(name, []).append(value if dataset.batched else value[np.newaxis])
    return {name: np.concatenate(parts) for name, parts in collected.items()}
