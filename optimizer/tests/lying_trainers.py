"""Tasks of leaves that train, and add an operation to the model that writes files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lying_builders import add_write_file
from tensorflow_optimizer.training import leaf
from tensorflow_optimizer.training.leaf import TRAINED

if TYPE_CHECKING:
    from pathlib import Path

    from tensorflow_optimizer.sandbox import Channel


def cut(channel: Channel, directory: Path) -> None:
    """Prune, and add the operation."""
    real = leaf.prune

    def pruning(*arguments: object, seed: int) -> str | None:
        problem: str | None = real(*arguments, seed=seed)  # type: ignore[arg-type]
        add_write_file(directory / TRAINED)
        return problem

    leaf.prune = pruning
    leaf.cut(channel, directory)
