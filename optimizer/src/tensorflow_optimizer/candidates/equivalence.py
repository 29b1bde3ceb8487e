"""Finds differences between the answers of a SavedModel and those of the one it was made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..data import generated_inputs
from ..evaluation import answers_of
from ..evaluation.closeness import is_close
from ..runners import RunError
from ..signatures.fixed import is_batched

if TYPE_CHECKING:
    from ..data import Dataset
    from ..runners import Runner
    from ..signatures import SignatureSpec

#: A constant may be folded into its neighbor, which rounds once instead of twice; a larger difference is another
# model.
ROUNDING = 1e-5
_SEEDS = (1, 2)


def find_difference(  # noqa: PLR0913, PLR0917 - two models, and what both are asked
    original: Runner,
    candidate: Runner,
    specs: dict[str, SignatureSpec],
    datasets: dict[str, Dataset],
    batch: int,
    tolerance: float = ROUNDING,
) -> str | None:
    """Describe where a candidate's answers differ from the original's by more than the tolerance; None if nowhere.

    Args:
        original: The model that the candidate was made from.
        candidate: The model to compare.
        specs: The signatures to compare.
        datasets: Real inputs of each signature, compared in addition to generated ones.
        batch: Number of rows per call.
        tolerance: Relative tolerance.

    Raises:
        RunError: The candidate cannot compute what the original can.
    """
    for name, spec in specs.items():
        real = datasets[name]
        for dataset in (real, *(_varied(spec, real, seed) for seed in _SEEDS)):
            try:
                expected = answers_of(original, name, dataset, batch)
            except RunError:
                continue  # not legal for the original either
            answers = answers_of(candidate, name, dataset, batch)
            for output, value in expected.items():
                if not is_close(value, answers[output], tolerance):
                    return f"its output {output!r} of the signature {name!r} differs"
    return None


def first_rows(datasets: dict[str, Dataset], count: int) -> dict[str, Dataset]:
    """Limit each dataset to its first rows."""
    return {name: dataset.take(np.arange(min(count, dataset.count))) for name, dataset in datasets.items()}


def _varied(spec: SignatureSpec, like: Dataset, seed: int) -> Dataset:
    """Generate inputs in the data's shapes, no two alike, so that swapped inputs are noticed."""
    shapes = {
        name: [1, *value.shape[1:]] if like.batched else list(value.shape[1:]) for name, value in like.inputs.items()
    }
    batched = like.batched or is_batched(spec, {})
    made = generated_inputs(spec, shapes, batched=batched, seed=seed, integers=_integers(like))
    floats = {
        name: value * (number + 1) if value.dtype.kind == "f" else value
        for number, (name, value) in enumerate(made.inputs.items())
    }
    return type(made)(floats, made.batched)


def _integers(dataset: Dataset) -> int:
    """Return an upper bound for integers that the data itself proves to be valid."""
    found = [int(value.max()) for value in dataset.inputs.values() if value.dtype.kind in "iu" and value.size]
    return max(1, min(found, default=1) + 1)
