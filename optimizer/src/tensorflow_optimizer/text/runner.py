"""Runs the text part by TensorFlow, and behind it a .tflite file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..runners import RunError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..data import Dataset
    from ..runners import Elapsed, RemoteLiteRt
    from ..runners.runner import Array, Arrays
    from ..sandbox import Leaf, Sandbox
    from ..sources import SavedModelSource

_ENCODE = "tensorflow_optimizer.text.leaf:encode"
_ROWS = 256


@dataclass
class Encoder:
    """A leaf that runs the text part of the original by TensorFlow."""

    sandbox: Sandbox
    source: SavedModelSource
    names: list[str]
    """The signatures that have been separated."""
    shapes: dict[str, dict[str, list[int]]]
    """Shapes of one row of the numbers, by signature and input."""
    _leaf: Leaf | None = field(default=None)

    def encode(self, signature: str, inputs: Mapping[str, Array], *, batched: bool) -> Arrays:
        """Return the numbers for rows, or for one sample.

        Raises:
            RunError: The text part does not compute them.
        """
        if self._leaf is None:
            self._leaf = self.sandbox.leaf(_ENCODE, read=[self.source.directory])
            self._leaf.ask({"path": str(self.source.directory), "tags": self.source.tags, "names": self.names})
        answered = self._leaf.ask({"signature": signature}, dict(inputs)).arrays
        rows = len(next(iter(inputs.values()))) if batched else 1
        numbers: Arrays = {}
        for name, shape in self.shapes[signature].items():
            expected = (rows, *shape[1:]) if batched else tuple(shape)
            value = answered.get(name)
            if value is None or value.shape != expected or value.dtype.kind not in "biuf":
                raise RunError(f"the text part makes no numbers of the shape {list(expected)} for {name!r}")
            numbers[name] = value
        return numbers

    def encode_all(self, signature: str, dataset: Dataset) -> Arrays:
        """Return the numbers for all samples."""
        if dataset.batched:
            pieces = [
                self.encode(signature, dataset.call(start, min(start + _ROWS, dataset.count)), batched=True)
                for start in range(0, dataset.count, _ROWS)
            ]
            return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
        samples = [self.encode(signature, dataset.call(row, row + 1), batched=False) for row in range(dataset.count)]
        return {name: np.stack([sample[name] for sample in samples]) for name in samples[0]}

    def close(self) -> None:
        """End the leaf."""
        if self._leaf is not None:
            self._leaf.end()
            self._leaf = None


@dataclass(frozen=True)
class TextRunner:
    """A .tflite file behind the text part of the original: takes what clients send."""

    encoder: Encoder
    numeric: RemoteLiteRt
    with_text: frozenset[str]
    """Names of the signatures that have a text part."""

    def run(self, signature: str, inputs: Mapping[str, Array]) -> Arrays:
        """Call a signature once."""
        return self.numeric.run(signature, self._encoded(signature, inputs))

    def elapsed(self, signature: str, inputs: Mapping[str, Array], times: int) -> Elapsed:
        """Return what calls of the file take altogether, without the text part."""
        return self.numeric.elapsed(signature, self._encoded(signature, inputs), times)

    @property
    def traces_of_others(self) -> tuple[int, ...] | None:
        """Numbers that change when the model's process starts another one."""
        return self.numeric.traces_of_others

    def peak_mebibytes(self) -> float | None:
        """Return the peak resident memory of the file's process."""
        return self.numeric.peak_mebibytes()

    def restart(self) -> None:
        """Load the file in a fresh process."""
        self.numeric.restart()

    def rest(self) -> None:
        """End the file's process until somebody asks again."""
        self.numeric.rest()

    def close(self) -> None:
        """End the file's process; that of the text part serves other candidates."""
        self.numeric.close()

    def _encoded(self, signature: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        if signature not in self.with_text:
            return inputs
        return self.encoder.encode(signature, inputs, batched=self.numeric.signatures[signature].batched)
