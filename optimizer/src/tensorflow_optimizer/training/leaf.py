"""Trains a student, or a pruned model, in a process of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..documents.job import Distillation, Pruning
from ..documents.plain import from_plain
from ..errors import OptimizerError
from ..processes import progress_events
from ..signatures import SignatureSpec
from ..sources import SavedModelFiles
from .carried import training_set_of
from .distillation import GivenStudent, distill
from .pruning import prune

if TYPE_CHECKING:
    from pathlib import Path

    from ..sandbox import Channel

#: Name of the trained SavedModel in a leaf's directory.
TRAINED = "trained"


def distil(channel: Channel, directory: Path) -> None:
    """Train the student of the one request, and answer why that was given up, if it was."""
    for request in channel:
        asked = request.document
        training_set = training_set_of(asked["trainingSet"], request.arrays)
        if training_set is None:
            raise OptimizerError("a student needs samples to learn from")
        step = from_plain(Distillation, asked["step"], "the step")
        given = from_plain(GivenStudent, asked["given"], "the student") if asked["given"] else None
        with progress_events.counting(f"epochs of the student {step.student.name}"):
            problem = distill(
                given,
                from_plain(SignatureSpec, asked["teacher"], "the teacher's signature"),
                step,
                training_set,
                directory / TRAINED,
                seed=asked["seed"],
            )
        channel.answer({"problem": problem})


def cut(channel: Channel, directory: Path) -> None:
    """Prune the model of the one request, and answer why training was given up, if it was."""
    for request in channel:
        asked = request.document
        step = from_plain(Pruning, asked["step"], "the step")
        with progress_events.counting(f"epochs after pruning {step.sparsity:.0%}"):
            problem = prune(
                from_plain(SavedModelFiles, asked["source"], "the model"),
                asked["signatures"],
                step,
                training_set_of(asked["trainingSet"], request.arrays),
                directory / TRAINED,
                seed=asked["seed"],
            )
        channel.answer({"problem": problem})
