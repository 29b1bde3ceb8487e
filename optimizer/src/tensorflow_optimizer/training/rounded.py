"""Trains a .tflite file of floats, so that it loses less when it is quantized."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .litert_model import LiteRtModel
from .training_loop import Hyperparameters, train

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..runners.runner import Array
    from .training_set import TrainingSet

_EPOCHS, _BATCH = 10, 32
#: Relative to the greatest weight of a channel. The model is trained already.
_RATE = 3e-3


def train_file(
    content: bytes,
    rows: Sequence[Mapping[str, Array]],
    training_set: TrainingSet,
    *,
    simulate: bool,
    seed: int,
) -> tuple[bytes, str | None]:
    """Return the trained file of floats, and why training was given up, or None.

    Args:
        content: A .tflite file of floats.
        rows: Inputs that tell the ranges of activations.
        training_set: Samples and targets of the signature to train.
        simulate: Round in training as the quantized file will; otherwise the floats are trained equally long.
        seed: Seed of the order of the samples.

    Raises:
        UnsupportedError: The file cannot be trained.
    """
    model = LiteRtModel(content, training_set.signature, rows, simulate=simulate)
    model.take_ranges()
    start = [variable.numpy() for variable in model.variables]
    problem = train(model, training_set, Hyperparameters(_EPOCHS, _RATE, _BATCH, seed), start)
    return model.content(), problem
