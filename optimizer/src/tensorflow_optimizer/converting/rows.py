"""Rows to convert with: an .npz file of one array for each input, with labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.given_answers import REFERENCE
from ..data.npz import LABELS, load_arrays, read_headers
from ..data.problems import Problems

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Rows:
    """Arrays whose dimension 0 is the row."""

    inputs: Arrays
    labels: Arrays
    """Labels by the names of their arrays."""

    @property
    def count(self) -> int:
        """Number of rows."""
        return len(next(iter(self.inputs.values())))

    def write(self, file: Path, answers: Arrays, program: str) -> None:
        """Write evaluation data with the answers of a program to the rows."""
        given = {f"{REFERENCE}/{name}": value for name, value in answers.items()}
        arrays: dict[str, Any] = {**self.inputs, **self.labels, **given, REFERENCE: np.array(program)}
        np.savez(file, **arrays)


def read_rows(file: Path) -> Rows:
    """Read rows, without pickle. The model's own process compares them with its inputs.

    Raises:
        BadInputError: The file is damaged, has no rows, or its arrays differ in their number.
    """
    problems = Problems()
    if file.suffix.lower() != ".npz" or not file.is_file():
        problems.add(
            f"{file} is no .npz file: convert takes one array for each input, dimension 0 being the row, and `labels`"
        )
        problems.refuse()
    headers = read_headers(file, problems)
    given = [name for name in headers if name.partition("/")[0] == REFERENCE]
    if given:
        problems.add(f"{file.name} has answers already ({', '.join(given)}); leave them out: convert writes them")
    names = [name for name in headers if name.partition("/")[0] != LABELS]
    counts = {name: header.shape[0] for name, header in headers.items() if header.shape}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name}: {count}" for name, count in counts.items())
        problems.add(f"the arrays of {file.name} differ in their number of rows ({listed}); one row is one sample")
    if not names or not all(counts.values()):
        problems.add(f"{file.name} holds no rows; give some hundred, which the model's answers are compared on")
    problems.refuse()
    arrays = load_arrays(file, headers)
    return Rows(
        {name: arrays[name] for name in names}, {name: value for name, value in arrays.items() if name not in names}
    )
