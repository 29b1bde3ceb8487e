"""Runs a .tflite file, and shows what its operators compute."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from .litert_runner import quantization_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .runner import Array


class InnerTensors:
    """One signature of a .tflite file, whose tensors keep their values after a run."""

    def __init__(self, content: bytes, signature: str) -> None:
        from ai_edge_litert.interpreter import Interpreter

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the memory that this takes
            self._interpreter = Interpreter(
                model_content=content, num_threads=1, experimental_preserve_all_tensors=True
            )
        self._runner = self._interpreter.get_signature_runner(signature)
        self._graph = self._runner._subgraph_index  # the public methods know the first graph alone
        self._details = {tensor["index"]: tensor for tensor in self._interpreter.get_tensor_details(self._graph)}

    @property
    def indices(self) -> dict[str, int]:
        """The tensors' indices by their names."""
        return {tensor["name"]: index for index, tensor in self._details.items()}

    def run(self, inputs: Mapping[str, Array]) -> None:
        """Call the signature; inputs have the types of the file."""
        self._runner(**inputs)

    def value(self, index: int) -> Array:
        """Return what the last run computed, as real numbers."""
        values: Array = self._interpreter.get_tensor(index, self._graph).astype(np.float64)
        quantization = quantization_of(self._details[index])
        if quantization is None:
            return values
        scale, zero_point = quantization
        return (values - zero_point) * scale
