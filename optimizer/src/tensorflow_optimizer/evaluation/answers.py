"""Asks a runner about every sample of a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..processes import progress_events

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
    counts: list[int] = []
    step = batch if dataset.batched else 1
    for start in progress_events.counted(range(0, dataset.count, step)):
        stop = min(start + step, dataset.count)
        counts.append(stop - start)
        for name, value in runner.run(signature, dataset.call(start, stop)).items():
            collected.setdefault(name, []).append(value if dataset.batched else value[np.newaxis])
    return {name: _joined(_by_row(parts, counts) if dataset.batched else parts) for name, parts in collected.items()}


def _by_row(parts: list[np.ndarray], counts: list[int]) -> list[np.ndarray]:
    """Repeat answers that are not one per row, such as the names of the classes, so that shapes show the difference."""
    # By all calls: the last one may have as many rows as there are names.
    if all(part.ndim and len(part) == count for part, count in zip(parts, counts, strict=True)):
        return parts
    return [np.broadcast_to(part, (count, *part.shape)) for part, count in zip(parts, counts, strict=True)]


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    """Concatenate, with padding if the size of an answer depends on the values."""
    sizes = {part.shape[1:] for part in parts}
    if len(sizes) == 1 or len({len(size) for size in sizes}) > 1:
        return np.concatenate(parts)
    largest = tuple(np.array(list(sizes)).max(axis=0).tolist())
    kind = parts[0].dtype.kind
    joined = np.full(
        (sum(len(part) for part in parts), *largest),
        b"" if kind == "O" else np.nan if kind in "fc" else 0 if kind in "bu" else -1,
        dtype=parts[0].dtype,
    )
    start = 0
    for part in parts:
        place = (slice(start, start + len(part)), *(slice(0, size) for size in part.shape[1:]))
        joined[place] = part
        start += len(part)
    return joined
