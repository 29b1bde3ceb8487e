"""A model ready to answer: description, runtime, codec."""

from __future__ import annotations

from time import perf_counter

from . import codec, description
from .description import TensorError
from .errors import LateError, RequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Protocol

    from .description import ModelDescription, Signature

    class Runtime(Protocol):
        """Runtime of a .tflite file."""

        name: str

        def run(self, signature: Signature, inputs: list[bytes]) -> list[bytes]:
            """Run one signature once; stored bytes in and out, in the order of the description."""

        def close(self) -> None:
            """Free what the runtime holds."""


class Model:
    """A loaded model. Not for several threads at once, and Lambda never asks for it."""

    __slots__ = ("deadline", "description", "directory", "runtime")

    def __init__(
        self, model_description: ModelDescription, runtime: Runtime, directory: str = description.DEFAULT_DIRECTORY
    ) -> None:
        self.description = model_description
        self.runtime = runtime
        self.directory = directory
        self.deadline: float | None = None
        """End of the request's time, as `perf_counter` counts: no row is computed that could not end before."""

    def signature(self, name: str | None) -> Signature:
        """Return the signature of that name, the default one without a name.

        Raises:
            RequestError: there is none, 400 as TensorFlow Serving answers.
        """
        signatures = self.description.signatures
        # The server falls back to the default for an empty name as well.
        signature = signatures.get(name or self.description.default_signature)
        if signature is None:
            raise RequestError(
                400,
                f"unknown signature_name {name[:100]!r}; this model has {', '.join(map(repr, signatures))}",  # type: ignore[index]  # the default is there
            )
        return signature

    def predict(self, signature: str | None, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Answer one request.

        Args:
            signature: Name of the signature; None for the default one.
            inputs: A value for each input, nested lists with the batch as dimension 0 where the signature has one.
                Real values, as in JSON: what an int8 model stores is the codec's business.

        Returns:
            A value for each output, nested the same way.

        Raises:
            RequestError: the inputs do not fit the signature, or the model cannot compute these values.
            LateError: the deadline would come before the last row.
        """
        chosen = self.signature(signature)
        unknown = [name for name in inputs if name not in chosen.inputs]
        missing = [name for name in chosen.inputs if name not in inputs]
        if unknown or missing:
            raise RequestError(400, _names_problem(chosen, missing, unknown))
        if not chosen.batched:
            stored = [codec.encode(tensor, inputs[name], tensor.stored_shape) for name, tensor in chosen.inputs.items()]
            results = self.runtime.run(chosen, stored)
            return {
                name: codec.decode(tensor, result, tensor.stored_shape)
                for (name, tensor), result in zip(chosen.outputs.items(), results, strict=True)
            }
        return self._predict_rows(chosen, inputs)

    def _predict_rows(self, signature: Signature, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The file takes one row at a time: the whole batch is encoded and decoded at once, and run row by row."""
        rows = _row_count(signature, inputs)
        encoded = [
            codec.encode(tensor, inputs[name], [rows, *tensor.item_shape]) for name, tensor in signature.inputs.items()
        ]
        run = self.runtime.run
        if rows == 1:
            results = run(signature, encoded)
        else:
            sizes = [len(column) // rows for column in encoded]
            per_row, longest, before = [], 0.0, perf_counter()
            for row in range(rows):
                now = perf_counter()
                longest, before = max(longest, now - before), now
                if self.deadline is not None and now + longest > self.deadline:
                    raise LateError
                per_row.append(
                    run(
                        signature,
                        [column[row * size : (row + 1) * size] for column, size in zip(encoded, sizes, strict=True)],
                    )
                )
            results = [b"".join(column) for column in zip(*per_row, strict=True)]
        return {
            name: codec.decode(tensor, result, [rows, *tensor.item_shape])
            for (name, tensor), result in zip(signature.outputs.items(), results, strict=True)
        }

    def close(self) -> None:
        """Free what the runtime holds."""
        self.runtime.close()


def load(directory: str, threads: int = 1) -> Model:
    """Load the model of a directory with model.json and the file it names.

    Args:
        directory: `/opt/ml/model` in the function.
        threads: Of the interpreter.

    Raises:
        ModelError: it cannot be loaded.
    """
    # Import late: reading and checking a request needs no NumPy.
    from .numpy_runtime import NumpyRuntime

    described = description.read(directory)
    path, signatures = f"{directory}/{described.file}", described.signatures.values()
    return Model(described, NumpyRuntime(path, signatures, threads, reset_state=described.reset_state), directory)


def _row_count(signature: Signature, inputs: Mapping[str, Any]) -> int:
    counts: dict[str, int] = {}
    for name, tensor in signature.inputs.items():
        value = inputs[name]
        if type(value) is codec.Encoded:
            counts[name] = value.count
            continue
        if not isinstance(value, (list, tuple)):
            from .mismatch import describe

            raise TensorError(tensor, (), f"{describe(value)} stands where the list of rows belongs")
        counts[name] = len(value)
    if len(set(counts.values())) > 1:
        sizes = ", ".join(f"{name!r} has {count}" for name, count in counts.items())
        raise RequestError(400, f"all inputs must have the same number of rows: {sizes}")
    rows = next(iter(counts.values()))
    if not rows:
        raise RequestError(400, "the batch is empty; at least one row is needed")
    return rows


def _names_problem(signature: Signature, missing: list[str], unknown: list[str]) -> str:
    parts = []
    if missing:
        parts.append(f"missing input {', '.join(map(repr, missing))}")
    if unknown:
        parts.append(f"unknown input {', '.join(repr(str(name)[:100]) for name in unknown[:5])}")
    expected = ", ".join(f"{name!r} ({tensor.dtype.name} {tensor.shape})" for name, tensor in signature.inputs.items())
    return f"{' and '.join(parts)}; the signature {signature.name!r} takes {expected}"
