"""The original with its smallest weights at zero, as a source to convert."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..evaluation import answers_of
from ..sources.saved_model_files import read_meta_graph
from ..training import Teaching, prune

if TYPE_CHECKING:
    from pathlib import Path

    from ..config import Pruning
    from ..signatures import Selection
    from ..sources import OpenedSource
    from .progress import Progress
    from .reference import Reference

#: Above it, a model that nothing trains afterwards usually decides otherwise.
_SAFE_WITHOUT_DATA = 0.5
_ENOUGH_TO_TRAIN = 64


def pruned_source(  # noqa: PLR0913, PLR0917 - what is pruned, how, with what, and where to
    source: OpenedSource,
    selection: Selection,
    step: Pruning,
    reference: Reference,
    directory: Path,
    progress: Progress,
) -> OpenedSource:
    """Prune, train where there is data, and return what can be converted like the original.

    Raises:
        UnsupportedError: the model has nothing to prune.
    """
    training = reference.training
    teaching = None
    if training.count >= _ENOUGH_TO_TRAIN:
        answers = answers_of(reference.runner, reference.default, training, reference.batch)
        teaching = Teaching(reference.default, training, answers, reference.tasks[reference.default])
        progress.say(f"pruning {step.sparsity:.0%} of the weights, and training the rest on {training.count} samples")
    else:
        progress.say(f"pruning {step.sparsity:.0%} of the weights at once")
        if step.sparsity > _SAFE_WITHOUT_DATA:
            why = "without evaluation data" if not training.count else f"with only {training.count} samples to train on"
            progress.warn(
                f"{step.sparsity:.0%} of the weights become zero {why}, so that nothing repairs what that breaks; "
                f"give more data, or a sparsity of at most {_SAFE_WITHOUT_DATA:.0%}"
            )
    problem = prune(source, list(selection.signatures), step, teaching, directory / "model", seed=reference.seed)
    if problem is not None:
        progress.warn(f"training after pruning was given up ({problem}); the weights were pruned at once instead")
    meta_graph = read_meta_graph(directory / "model", ["serve"])
    return replace(source, tags=["serve"], directory=directory / "model", meta_graph=meta_graph)
