"""Runs a .tflite file through LiteRT's reference interpreter, one row at a time, with real values in and out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..errors import reason_of
from .runner import RunError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..documents.manifest import Signature, TensorQuantization
    from .runner import Array, Arrays


def open_interpreter(content: bytes, *, allocate: bool = True, threads: int = 1) -> Any:
    """Return an interpreter of LiteRT.

    Args:
        content: The .tflite file.
        allocate: Prepare it for the shapes of the file; a call prepares it for those that it is given.
        threads: Number of threads that compute.

    Raises:
        RunError: the file cannot be loaded.
    """
    from ai_edge_litert.interpreter import Interpreter

    try:
        interpreter = Interpreter(model_content=content, num_threads=threads)
        if allocate:
            interpreter.allocate_tensors()
    except (RuntimeError, ValueError) as error:
        raise RunError(reason_of(error)) from error
    return interpreter


class LiteRtRunner:
    """A .tflite file with its description."""

    def __init__(
        self, content: bytes, signatures: dict[str, Signature], *, reset_state: bool = False, threads: int = 1
    ) -> None:
        self._content = content
        self._threads = threads
        self._signatures = signatures
        self._reset_state = reset_state
        self._open()

    def run(self, signature: str, inputs: Mapping[str, Array]) -> Arrays:
        """Call a signature once; a batched one once per row."""
        import numpy as np

        described = self._signatures[signature]
        if not described.batched:
            return self._run_once(signature, inputs)
        count = len(next(iter(inputs.values())))
        rows = [
            self._run_once(signature, {name: value[row : row + 1] for name, value in inputs.items()})
            for row in range(count)
        ]
        return {name: np.concatenate([row[name] for row in rows]) for name in described.outputs}

    @property
    def content(self) -> bytes:
        """The .tflite file."""
        return self._content

    def stored(self, signature: str, inputs: Mapping[str, Array]) -> Arrays:
        """Return inputs in the types of the file."""
        described = self._signatures[signature].inputs
        return {name: to_stored(inputs[name], tensor.tensor) for name, tensor in described.items()}

    def with_threads(self, threads: int) -> LiteRtRunner:
        """Return the same model on another number of threads."""
        return LiteRtRunner(self._content, self._signatures, reset_state=self._reset_state, threads=threads)

    def close(self) -> None:
        """Free the interpreter."""
        self._runners: dict[str, Any] = {}
        self._interpreter: Any = None

    def _open(self) -> None:
        self._interpreter = open_interpreter(self._content, allocate=False, threads=self._threads)
        self._runners = {
            name: self._interpreter.get_signature_runner(signature.file_signature or name)
            for name, signature in self._signatures.items()
        }

    def _run_once(self, signature: str, inputs: Mapping[str, Array]) -> Arrays:
        if self._reset_state:
            # reset_all_variables() does not reset resource variables, which converted models have.
            self._open()
        described = self._signatures[signature]
        try:
            outputs = self._runners[signature](**self.stored(signature, inputs))
        except (RuntimeError, ValueError) as error:
            raise RunError(reason_of(error)) from error
        return {name: to_real(outputs[name], tensor.tensor) for name, tensor in described.outputs.items()}


def to_stored(value: Array, tensor: Any) -> Array:
    """Quantize real values by the rule of the function's codec."""
    import numpy as np

    quantization: TensorQuantization | None = tensor.quantization
    if quantization is None or np.issubdtype(value.dtype, np.integer):
        return np.ascontiguousarray(value, dtype=tensor.dtype)
    limits = np.iinfo(tensor.dtype)
    scaled = np.rint(np.asarray(value, dtype=np.float64) / quantization.scale) + quantization.zero_point
    stored: Array = np.clip(scaled, limits.min, limits.max).astype(tensor.dtype)
    return stored


def to_real(value: Array, tensor: Any) -> Array:
    """Dequantize the file's outputs to real values."""
    import numpy as np

    quantization: TensorQuantization | None = tensor.quantization
    if quantization is None:
        return np.array(value)
    real = (np.asarray(value, dtype=np.float64) - quantization.zero_point) * quantization.scale
    return real.astype(np.float32)


def quantization_of(details: Mapping[str, Any]) -> tuple[float, int] | None:
    """Return scale and zero point of a tensor, or None if it contains real values."""
    scale, zero_point = details["quantization"]
    return (float(scale), int(zero_point)) if scale and math.isfinite(scale) else None
