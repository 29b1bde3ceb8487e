"""The numpy runtime: LiteRT's own Python interpreter. The only module that may import numpy."""

from __future__ import annotations

import os

# One thread answers one request; a pool would only cost start-up time. Set it before numpy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from .errors import ModelError, RequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from .description import Signature, Tensor


_FAILED_OPERATOR = "failed to invoke"


class NumpyRuntime:
    """A .tflite file loaded into `ai_edge_litert.interpreter.Interpreter`."""

    name = "numpy"

    def __init__(
        self, path: str, signatures: Iterable[Signature], threads: int = 1, *, reset_state: bool = False
    ) -> None:
        self._path = path
        self._signatures = list(signatures)
        self._threads = threads
        self._reset_state = reset_state
        self._used = False
        try:
            self._open()
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"LiteRT cannot load the model: {error}") from error

    def run(self, signature: Signature, inputs: list[bytes]) -> list[bytes]:
        """Run one signature once, stored bytes in and out, in the order of the description."""
        if self._reset_state and self._used:
            # `Interpreter.reset_all_variables` does not reset a SavedModel's variables: they are resources, set
            # by an initializer that runs once per interpreter. A new interpreter takes milliseconds.
            self._open()
        self._used = True
        arrays = {
            name: np.frombuffer(data, dtype=tensor.stored.name).reshape(tensor.stored_shape)
            for (name, tensor), data in zip(signature.inputs.items(), inputs, strict=True)
        }
        try:
            outputs = self._runners[signature.name](**arrays)
        except (RuntimeError, ValueError) as error:
            # An operator reports its own failure: an index outside its table, a division by zero.
            if _FAILED_OPERATOR not in str(error):
                raise ModelError(f"LiteRT cannot run the model: {error}") from error
            raise RequestError(400, "the model cannot compute these values; LiteRT refused them when it ran") from error
        return [outputs[name].tobytes() for name in signature.outputs]

    def _open(self) -> None:
        self._interpreter = Interpreter(model_path=self._path, num_threads=self._threads)
        self._interpreter.allocate_tensors()
        known = self._interpreter.get_signature_list()
        self._runners: dict[str, Any] = {}
        for signature in self._signatures:
            if signature.file_signature not in known:
                raise ModelError(f"the file has no signature {signature.file_signature!r}, but {sorted(known)}")
            runner = self._interpreter.get_signature_runner(signature.file_signature)
            _check("input", runner.get_input_details(), signature.inputs)
            _check("output", runner.get_output_details(), signature.outputs)
            self._runners[signature.name] = runner
        self._used = False

    def close(self) -> None:
        """Free the interpreter."""
        self._runners.clear()
        del self._interpreter


def _check(kind: str, details: dict[str, dict[str, Any]], tensors: dict[str, Tensor]) -> None:
    """Reject a file that does not match its description, because the codec relies on the description."""
    if set(details) != set(tensors):
        raise ModelError(f"the file has the {kind}s {sorted(details)}, its description {sorted(tensors)}")
    for name, tensor in tensors.items():
        dtype, shape = np.dtype(details[name]["dtype"]).name, [int(size) for size in details[name]["shape"]]
        if dtype != tensor.stored.name or shape != tensor.stored_shape:
            raise ModelError(
                f"{kind} {name!r} of the file is {dtype} {shape}, its description {tensor.stored.name} "
                f"{tensor.stored_shape}"
            )
