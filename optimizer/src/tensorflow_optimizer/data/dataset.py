"""Real inputs of one signature, one row per sample, with labels where there are any."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


#: The files that hold evaluation data, for errors.
ACCEPTED = (
    "an .npz file (one array per input, `labels` or `labels/<output>`), a .csv or .parquet file (a column per input, "
    "`label`), a .jsonl file (REST bodies with a label) or a directory of images with a file labels.csv"
)
#: Names that others give to labels.
OTHER_NAMES = ("y", "label", "target", "targets", "y_test", "y_true")


@dataclass(frozen=True)
class Dataset:
    """Aligned arrays; dimension 0 is the sample."""

    inputs: dict[str, Array]
    batched: bool
    """A sample is one row of the signature's batch; otherwise it is all that one call takes."""
    labels: dict[str, Array] = field(default_factory=dict)
    """Labels by the name of the output."""
    images: Array | None = None
    """The file that each sample was decoded from, where the data are images."""
    answers: dict[str, Array] = field(default_factory=dict)
    """Answers of the program that the model was converted from, by the name of the output; empty: there are none."""
    program: str = ""
    """Name of that program."""

    @property
    def count(self) -> int:
        """Number of samples."""
        return len(next(iter(self.inputs.values())))

    def take(self, rows: Array) -> Dataset:
        """Return the samples with these numbers."""
        return Dataset(
            {name: value[rows] for name, value in self.inputs.items()},
            self.batched,
            {name: value[rows] for name, value in self.labels.items()},
            None if self.images is None else self.images[rows],
            {name: value[rows] for name, value in self.answers.items()},
            self.program,
        )

    def call(self, start: int, stop: int) -> dict[str, Array]:
        """Return the inputs of one call: the rows from `start` to `stop`, or the sample `start`."""
        if self.batched:
            return {name: value[start:stop] for name, value in self.inputs.items()}
        return {name: np.asarray(value[start]) for name, value in self.inputs.items()}
